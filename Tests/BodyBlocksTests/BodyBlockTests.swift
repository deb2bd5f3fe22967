import BodyBlocks
import Domain
import Testing

@Suite("Blocks of exchanges")
struct BodyBlockTests {
    private static func exchange(_ number: Int) -> CallExchange {
        CallExchange(
            clientID: number.isMultiple(of: 3) ? nil : "entry-\(number)",
            request: CapturedMessage(
                headers: (0..<(number % 4)).map { HeaderField(name: "X-Header-\($0)", value: "välue \(number)") },
                body: number.isMultiple(of: 5)
                    ? nil : CapturedBody(bytes: Array("{\"number\":\(number),\"text\":\"täxt\"}".utf8))
            ),
            response: CapturedMessage(
                headers: [HeaderField(name: "", value: "")],
                body: CapturedBody(
                    bytes: Array(repeating: UInt8(number % 200), count: number * 7),
                    originalSize: 3_000_000_000,
                    truncated: number.isMultiple(of: 2),
                    sanitized: number.isMultiple(of: 7)
                )
            )
        )
    }

    private static func block(_ count: Int, level: Int = 1) throws -> [UInt8] {
        var builder = BodyBlockBuilder()
        for number in 0..<count { #expect(builder.append(exchange(number)) == number) }
        return try builder.finish(level: level)
    }

    @Test("What goes in comes out, one by one and all together", arguments: [1, 3, 19])
    func roundTrip(level: Int) throws {
        let payload = try Self.block(128, level: level)
        for position in 0..<128 {
            #expect(try BodyBlock.exchange(at: position, in: payload) == Self.exchange(position))
        }
        #expect(try BodyBlock.exchanges(in: payload) == (0..<128).map(Self.exchange))
        #expect(try BodyBlock.count(in: payload) == 128)
    }

    @Test("A block of one, and of none")
    func smallest() throws {
        #expect(try BodyBlock.exchanges(in: Self.block(1)) == [Self.exchange(0)])
        #expect(try BodyBlock.exchanges(in: Self.block(0)).isEmpty)
        #expect(BodyBlockBuilder().isEmpty)
    }

    @Test("A position that is not there is refused", arguments: [-1, 4, 1000])
    func noSuchPosition(position: Int) throws {
        let payload = try Self.block(4)
        #expect(throws: BodyBlockError.noSuchPosition(position)) {
            try BodyBlock.exchange(at: position, in: payload)
        }
    }

    @Test("A block is full at 128 exchanges or 256 KiB; a larger single exchange fits")
    func full() throws {
        var builder = BodyBlockBuilder()
        for number in 0..<128 {
            #expect(!builder.isFull)
            _ = builder.append(CallExchange(clientID: "\(number)", request: .init(), response: .init()))
        }
        #expect(builder.isFull)
        #expect(builder.count == 128)

        let large = CallExchange(
            request: CapturedMessage(body: CapturedBody(bytes: Array(repeating: 7, count: 300 * 1024))),
            response: CapturedMessage(body: CapturedBody(bytes: Array(repeating: 8, count: 300 * 1024)))
        )
        var single = BodyBlockBuilder()
        _ = single.append(large)
        #expect(single.isFull)
        #expect(single.rawSize > 600 * 1024)
        #expect(try BodyBlock.exchange(at: 0, in: single.finish()) == large)
    }

    @Test("A later version and foreign bytes are told apart")
    func foreign() throws {
        var payload = try Self.block(2)
        payload[3] = 9
        #expect(throws: BodyBlockError.unknownVersion(9)) { try BodyBlock.exchanges(in: payload) }
        for bytes in [[], Array("CTB".utf8), Array("{\"a\":1}".utf8), Array("CTB\u{1}rubbish".utf8)] {
            #expect(throws: BodyBlockError.self) { try BodyBlock.exchanges(in: bytes) }
        }
    }

    @Test("Damage anywhere is an error, never a crash or another exchange")
    func damage() throws {
        let payload = try Self.block(20)
        let whole = (0..<20).map(Self.exchange)
        for length in 0..<payload.count {
            #expect(throws: BodyBlockError.self) { try BodyBlock.exchanges(in: Array(payload[..<length])) }
        }
        for index in payload.indices {
            for bit in 0..<8 {
                var damaged = payload
                damaged[index] ^= 1 << bit
                // A bit of the frame's header may be one that means nothing; the checksum covers all content.
                if let exchanges = try? BodyBlock.exchanges(in: damaged) { #expect(exchanges == whole) }
            }
        }
    }

    @Test("Contexts are shared by tasks without mixing their blocks")
    func concurrency() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for count in 1...40 {
                group.addTask {
                    try BodyBlock.exchanges(in: Self.block(count)) == (0..<count).map(Self.exchange)
                }
            }
            for try await isEqual in group { #expect(isEqual) }
        }
    }
}
