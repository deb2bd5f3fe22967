import TestServers
import Testing
import Transfer

@Suite("Certificates", .timeLimit(.minutes(10)))
struct CertificateTests {
    @Test("an unknown certificate is refused, and trusted once its file is given")
    func trust() async throws {
        let identity = try TestCertificate()
        defer { identity.remove() }
        let (descriptor, port) = try listenOnFreePort()
        closeSocket(descriptor)
        let server = try identity.serve("-accept", "\(port)", "-www", "-quiet")
        defer { server.end() }

        let trusting = try HTTPTransfer(certificateFile: identity.certificate)
        let request = HTTPTransferRequest(url: "https://localhost:\(port)/")
        #expect(try await statusOnceListening(trusting, request) == 200)
        let error = await #expect(throws: TransferError.self) { try await HTTPTransfer().perform(request) }
        guard case .tls(let words) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(words.contains("certificate"))
        let wrongName = await #expect(throws: TransferError.self) {
            try await trusting.perform(HTTPTransferRequest(url: "https://127.0.0.1:\(port)/"))
        }
        guard case .tls = wrongName else {
            Issue.record("\(String(describing: wrongName))")
            return
        }
    }

    /// Until openssl listens, connecting is refused; the suite's time limit ends a wait in vain.
    private func statusOnceListening(_ transfer: HTTPTransfer, _ request: HTTPTransferRequest) async throws -> Int {
        while true {
            do {
                return try await transfer.perform(request).status
            } catch TransferError.couldNotConnect {
                await Task.yield()
            }
        }
    }
}
