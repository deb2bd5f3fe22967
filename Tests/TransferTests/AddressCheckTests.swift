import Synchronization
import TestServers
import Testing
import Transfer

@Suite("Addresses that may be reached", .timeLimit(.minutes(10)))
struct AddressCheckTests {
    @Test("a refused address is never connected to")
    func refusedAtOpening() async throws {
        let transfer = try HTTPTransfer()
        let server = try LocalServer { _ in LocalServer.Answer() }
        defer { server.stop() }
        await #expect(throws: TransferError.addressRefused("127.0.0.1")) {
            try await transfer.perform(HTTPTransferRequest(url: server.url, allowsAddress: { $0 != "127.0.0.1" }))
        }
        #expect(server.connectionCount == 0)
    }

    @Test("a connection that is already open is asked about too")
    func refusedOnReuse() async throws {
        let transfer = try HTTPTransfer()
        let server = try LocalServer { _ in LocalServer.Answer() }
        defer { server.stop() }
        #expect(try await transfer.perform(HTTPTransferRequest(url: server.url)).status == 200)
        await #expect(throws: TransferError.addressRefused("127.0.0.1")) {
            try await transfer.perform(HTTPTransferRequest(url: server.url, allowsAddress: { _ in false }))
        }
        #expect(server.requests.count == 1)
    }

    @Test("an allowed address is asked about, then reached")
    func allowed() async throws {
        let asked = Mutex<[String]>([])
        let transfer = try HTTPTransfer()
        let server = try LocalServer { _ in LocalServer.Answer() }
        defer { server.stop() }
        let request = HTTPTransferRequest(
            url: server.url,
            allowsAddress: { address in
                asked.withLock { $0.append(address) }
                return true
            }
        )
        #expect(try await transfer.perform(request).status == 200)
        #expect(asked.withLock { $0 } == ["127.0.0.1", "127.0.0.1"])
    }
}
