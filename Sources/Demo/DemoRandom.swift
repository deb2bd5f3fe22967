/// Random numbers that depend on the seed alone, on every platform and with every compiler.
///
/// The generator is SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). The
/// standard library's `random(in:using:)` is not used: how it maps bits to numbers may change.
struct DemoRandom: Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// 0..<`bound`; the bias is below 2^-32 for the bounds in use.
    mutating func below(_ bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    /// 0..<1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func chance(_ probability: Double) -> Bool { unit() < probability }

    /// One of the choices, of which there is at least one.
    mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[below(choices.count)] }

    mutating func hex(_ count: Int) -> String { text(count, of: Self.hexDigits) }

    mutating func digits(_ count: Int) -> String { text(count, of: Self.decimalDigits) }

    mutating func alphanumerics(_ count: Int) -> String { text(count, of: Self.base62Digits) }

    /// A random UUID in lower case, version 4.
    mutating func uuid() -> String {
        "\(hex(8))-\(hex(4))-4\(hex(3))-a\(hex(3))-\(hex(12))"
    }

    private mutating func text(_ count: Int, of alphabet: [UInt8]) -> String {
        var bits: UInt64 = 0
        return String(unsafeUninitializedCapacity: count) { buffer in
            for index in 0..<count {
                if index % 8 == 0 { bits = next() }
                buffer[index] = alphabet[(Int(bits & 0xFF) * alphabet.count) >> 8]
                bits >>= 8
            }
            return count
        }
    }

    private static let decimalDigits = Array("0123456789".utf8)
    private static let hexDigits = Array("0123456789abcdef".utf8)
    private static let base62Digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
}
