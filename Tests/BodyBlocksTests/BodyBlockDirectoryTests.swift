import BodyBlocks
import Domain
import Testing

@Suite("Directories of merged blocks")
struct BodyBlockDirectoryTests {
    private static func directory(_ entries: [(Int64, Int)]) -> BodyBlockDirectory {
        var directory = BodyBlockDirectory()
        for (blockID, start) in entries { directory.insert(blockID, at: start) }
        return directory
    }

    @Test("What goes in comes out, by ascending id")
    func roundTrip() throws {
        let entries: [(Int64, Int)] = [(480, 0), (1025, 3), (501, 4), (502, 5), (Int64.max, 127), (0, 9)]
        let directory = Self.directory(entries)
        let read = try BodyBlockDirectory(bytes: directory.bytes)
        #expect(read == directory)
        #expect(read.entries.map(\.blockID) == [0, 480, 501, 502, 1025, Int64.max])
        for (blockID, start) in entries { #expect(read.start(of: blockID) == start) }
        for absent: Int64 in [-1, 1, 479, 481, 500, 503, 1024] { #expect(read.start(of: absent) == nil) }
        #expect(try BodyBlockDirectory(bytes: BodyBlockDirectory().bytes).entries.isEmpty)
    }

    @Test("Neighbours take two bytes each")
    func size() {
        let directory = Self.directory((0..<128).map { (5_000_000_000 + Int64($0), $0) })
        #expect(directory.bytes.count <= 128 * 2 + 8)
    }

    @Test("A merged block's blocks move with it")
    func nested() {
        var outer = Self.directory([(3, 0)])
        outer.insert(Self.directory([(10, 0), (30, 7)]), at: 5)
        outer.insert(20, at: 20)
        #expect(outer.entries.map(\.blockID) == [3, 10, 20, 30])
        #expect(outer.entries.map(\.start) == [0, 5, 20, 12])
    }

    @Test("Damaged bytes are refused, whatever they are")
    func damage() throws {
        let bytes = Self.directory([(480, 0), (1025, 3), (501, 4)]).bytes
        for length in 0..<bytes.count {
            #expect(throws: BodyBlockError.self) { try BodyBlockDirectory(bytes: Array(bytes[..<length])) }
        }
        #expect(throws: BodyBlockError.self) { try BodyBlockDirectory(bytes: bytes + [0]) }
        #expect(throws: BodyBlockError.unknownVersion(9)) { try BodyBlockDirectory(bytes: [9] + bytes.dropFirst()) }
        // the same block twice
        #expect(throws: BodyBlockError.self) { try BodyBlockDirectory(bytes: [1, 2, 5, 0, 0, 1]) }
        // ids beyond their type: 2⁶³ - 1 twice
        let largest: [UInt8] = Array(repeating: 0xFF, count: 8) + [0x7F]
        #expect(throws: BodyBlockError.self) { try BodyBlockDirectory(bytes: [1, 2] + largest + [0] + largest + [0]) }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let length = Int.random(in: 0..<40, using: &random)
            let noise = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            _ = try? BodyBlockDirectory(bytes: [1] + noise)
        }
    }

    @Test("Blocks appended to a block read back at their places; a damaged one leaves no trace")
    func merge() throws {
        func exchange(_ number: Int) -> CallExchange {
            CallExchange(
                clientID: "\(number)",
                request: CapturedMessage(body: CapturedBody(bytes: Array("body \(number)".utf8))),
                response: CapturedMessage(headers: [HeaderField(name: "n", value: "\(number)")]))
        }
        func block(_ numbers: Range<Int>) throws -> [UInt8] {
            var builder = BodyBlockBuilder()
            for number in numbers { _ = builder.append(exchange(number)) }
            return try builder.finish()
        }
        var merged = BodyBlockBuilder()
        #expect(try merged.append(block: block(0..<1)) == 1)
        #expect(try merged.append(block: block(1..<8)) == 7)
        var damaged = try block(8..<12)
        damaged[damaged.count - 1] ^= 0xFF
        #expect(throws: BodyBlockError.self) { try merged.append(block: damaged) }
        #expect(try merged.append(block: block(0..<0)) == 0)
        #expect(try merged.append(block: block(8..<9)) == 1)
        let size = merged.rawSize
        let payload = try merged.finish(level: 3)
        #expect(try BodyBlock.exchanges(in: payload) == (0..<9).map(exchange))
        // as if they had been put there one by one
        var direct = BodyBlockBuilder()
        for number in 0..<9 { _ = direct.append(exchange(number)) }
        #expect(direct.rawSize == size)
        #expect(try direct.finish(level: 3) == payload)
    }
}
