import Foundation
import Testing

@testable import Console

/// Texts on their backgrounds reach the contrast that WCAG 2.2 asks for (1.4.3: 4.5; 1.4.11: 3 for what is no text).
@Suite struct PaletteTests {
    private let light: [String: String]
    private let dark: [String: String]

    init() throws {
        let css = String(decoding: ConsoleAssets.sheet.bytes, as: UTF8.self)
        let blocks = css.components(separatedBy: ":root {").dropFirst().map {
            Self.tokens(String($0.prefix { $0 != "}" }))
        }
        let (first, second) = (try #require(blocks.first), try #require(blocks.last))
        light = first
        dark = first.merging(second) { $1 }
    }

    private static func tokens(_ block: String) -> [String: String] {
        var found: [String: String] = [:]
        for declaration in block.split(separator: ";") {
            let parts = declaration.split(separator: ":", maxSplits: 1).map {
                $0.trimmingCharacters(in: .whitespacesAndNewlines)
            }
            if parts.count == 2, parts[0].hasPrefix("--") { found[String(parts[0].dropFirst(2))] = parts[1] }
        }
        return found
    }

    /// Relative luminance of `#rrggbb`.
    private static func luminance(_ colour: String) -> Double {
        let number = Int(colour.dropFirst().prefix(6), radix: 16) ?? 0
        let channels = [number >> 16, number >> 8 & 255, number & 255].map { value in
            let share = Double(value) / 255
            return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]
    }

    private static func contrast(_ one: String, _ other: String) -> Double {
        let values = [luminance(one), luminance(other)].sorted()
        return (values[1] + 0.05) / (values[0] + 0.05)
    }

    @Test func textsReachTheContrast() throws {
        let grounds = ["page", "panel", "rail", "hover", "chosen", "code"]
        var pairs: [(String, String)] = [("on-accent", "accent"), ("panel", "error")]
        for ground in grounds {
            for text in ["text", "soft", "accent", "success", "error", "warning", "neutral"] {
                pairs.append((text, ground))
            }
        }
        for standing in Standing.allCases { pairs.append((standing.rawValue, standing.rawValue + "-back")) }
        for (name, palette) in [("light", light), ("dark", dark)] {
            for (text, ground) in pairs {
                let ratio = Self.contrast(try #require(palette[text]), try #require(palette[ground]))
                #expect(ratio >= 4.5, "\(text) on \(ground), \(name): \(ratio)")
            }
            for (mark, ground) in [
                ("edge", "page"), ("edge", "panel"), ("success-bar", "panel"), ("error-bar", "panel"),
            ] {
                let ratio = Self.contrast(try #require(palette[mark]), try #require(palette[ground]))
                #expect(ratio >= 3, "\(mark) on \(ground), \(name): \(ratio)")
            }
        }
    }

    @Test func everyComponentUsesTokensAlone() {
        let css = String(decoding: ConsoleAssets.sheet.bytes, as: UTF8.self)
        let rules = css.components(separatedBy: "/* Ground */").last ?? ""
        let strays = rules.matches(of: /#[0-9a-fA-F]{3,8}\b/).map { String($0.output) }
        #expect(strays.isEmpty, "\(strays)")
        #expect(
            !css.contains("gradient") && !css.contains("@import") && !css.contains("http://") || css.contains("w3.org"))
    }

    @Test func assetsAreSmall() {
        #expect(ConsoleAssets.all.map(\.bytes.count).reduce(0, +) < 60_000)
    }
}
