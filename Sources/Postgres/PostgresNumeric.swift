/// A `numeric` in its binary form: what `sum(bigint)` and `avg` return.
///
/// Four 16-bit fields (digit count, weight, sign, display scale), then base-10,000 digits, the first worth `10000^weight`.
/// Source: `numeric_send` in PostgreSQL's `numeric.c`.
struct PostgresNumeric {
    private enum Sign: UInt16 {
        case positive = 0x0000
        case negative = 0x4000
        case notANumber = 0xC000
        case infinity = 0xD000
        case negativeInfinity = 0xF000
    }

    private let digits: [Int64]
    private let weight: Int
    private let sign: Sign

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 8 else { return nil }
        func field(_ index: Int) -> UInt16 {
            UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: UInt16.self))
        }
        let count = Int(field(0))
        guard bytes.count == 8 + count * 2, let sign = Sign(rawValue: field(2)) else { return nil }
        self.sign = sign
        weight = Int(Int16(bitPattern: field(1)))
        digits = (0..<count).map { Int64(field(4 + $0)) }
    }

    /// The value when it is whole and fits.
    var integer: Int64? {
        guard sign == .positive || sign == .negative, digits.count <= max(weight + 1, 0) else {
            return digits.isEmpty && sign == .positive ? 0 : nil
        }
        var value: Int64 = 0
        for position in 0..<max(weight + 1, 0) {
            let digit = position < digits.count ? digits[position] : 0
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10_000)
            // Built on the negative side, whose range is larger by one.
            let (difference, tooSmall) = product.subtractingReportingOverflow(digit)
            guard !tooLarge, !tooSmall else { return nil }
            value = difference
        }
        if sign == .negative { return value }
        let (positive, overflow) = Int64(0).subtractingReportingOverflow(value)
        return overflow ? nil : positive
    }

    /// The nearest double.
    var double: Double {
        switch sign {
        case .notANumber: return .nan
        case .infinity: return .infinity
        case .negativeInfinity: return -.infinity
        case .positive, .negative: break
        }
        // Through text: correctly rounded, where summing powers of 10,000 is not.
        let mantissa = digits.reduce(into: "") { text, digit in
            let four = String(digit)
            text += String(repeating: "0", count: 4 - four.count) + four
        }
        let exponent = (weight + 1 - digits.count) * 4
        let magnitude = Double("\(mantissa.isEmpty ? "0" : mantissa)e\(exponent)") ?? .nan
        return sign == .negative ? -magnitude : magnitude
    }
}
