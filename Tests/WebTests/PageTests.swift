import Console
import Domain
import HTTPTypes
import Testing

@testable import Web

/// What is true of every page of the console.
@Suite struct PageTests {
    @Test func pagesNeedWhatTheRailSays() throws {
        let pages = try EndpointCatalogue.unconnected().pages
        for section in Section.allCases {
            for page in pages where page.method == .get && isPage(page.path, of: section) {
                guard case .permission(let permission) = page.access else {
                    Issue.record("\(page.path) is open")
                    continue
                }
                // pages below may need more, never less
                let isSafe = Role.allCases.allSatisfy {
                    !permission.isGranted(to: $0) || section.permission.isGranted(to: $0)
                }
                #expect(page.path == section.path ? permission == section.permission : isSafe, "\(page.path)")
            }
        }
        for path in ["/login", "/forgot-password", "/", "/assets/{file}"] {
            #expect(pages.first { $0.path == path }?.access == .open, "\(path)")
        }
    }

    @Test func noPathIsDeclaredTwice() throws {
        let catalogue = try EndpointCatalogue.unconnected()
        let declared = (catalogue.api + catalogue.pages).map { "\($0.method.rawValue) \($0.path)" }
        #expect(Set(declared).count == declared.count)
    }

    @Test(arguments: [
        "/logs", "/logs?q=a%20b", "/",
    ]) func localPaths(text: String) { #expect(LocalPath(text)?.text == text) }

    @Test(arguments: [
        "", "logs", "//evil.example.com", "/\\evil.example.com", "https://evil.example.com", "/a b", "/\r\nX: y",
        "/\u{E9}", "/\t/evil.example.com", "/" + String(repeating: "x", count: 2048),
    ]) func foreignPaths(text: String) { #expect(LocalPath(text) == nil) }

    @Test func formsAreRead() throws {
        let form = try FormFields("a=1&b=x+y%26z&a=2&c&d=")
        #expect(form["a"] == "1" && form.all("a") == ["1", "2"] && form["b"] == "x y&z" && form["c"] == "")
        #expect(form.has("d") && !form.has("e") && form["e"] == "")
        for bad in ["a=%ff", "a=%00", "a=%", "%zz=1"] {
            #expect(throws: Problem.self, "\(bad)") { try FormFields(bad) }
        }
    }

    private func isPage(_ path: String, of section: Section) -> Bool {
        path == section.path || path.hasPrefix(section.path + "/")
    }
}
