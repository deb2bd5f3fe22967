import TestServers
import Testing
import Transfer

@Suite("Certificates of mail servers", .timeLimit(.minutes(10)))
struct SMTPCertificateTests {
    @Test("an unknown certificate and a wrong name are the operator's to mend")
    func refused() async throws {
        let identity = try TestCertificate()
        defer { identity.remove() }
        let (descriptor, port) = try listenOnFreePort()
        closeSocket(descriptor)
        let server = try identity.serve("-accept", "\(port)", "-quiet")
        defer { server.end() }
        let stranger = try SMTPTransfer(server: SMTPServer(url: "smtps://localhost:\(port)"))
        let unknown = try await failureOnceListening(stranger)
        #expect(unknown.kind == .configuration && unknown.words.contains("certificate"), "\(unknown)")
        let otherName = try SMTPTransfer(
            server: SMTPServer(url: "smtps://127.0.0.1:\(port)"), certificateFile: identity.certificate)
        let wrongName = try await failureOnceListening(otherName)
        #expect(wrongName.kind == .configuration, "\(wrongName)")
    }

    @Test("a certificate is trusted once its file is given")
    func trusted() async throws {
        let identity = try TestCertificate()
        defer { identity.remove() }
        let (descriptor, port) = try listenOnFreePort()
        closeSocket(descriptor)
        let replies = "220 mail\r\n250 mail\r\n250 fine\r\n221 bye\r\n"
        let server = try identity.serve("-accept", "\(port)", "-quiet", input: replies)
        defer { server.end() }
        let transfer = try SMTPTransfer(
            server: SMTPServer(url: "smtps://localhost:\(port)"), certificateFile: identity.certificate)
        while let failure = await failure(transfer) {
            // until openssl listens, connecting is refused
            guard failure.kind == .transient else { throw failure }
        }
    }

    @Test("a certificate file that is not there is the operator's to mend")
    func missingFile() async throws {
        let identity = try TestCertificate()
        defer { identity.remove() }
        let (descriptor, port) = try listenOnFreePort()
        closeSocket(descriptor)
        let server = try identity.serve("-accept", "\(port)", "-quiet")
        defer { server.end() }
        let transfer = try SMTPTransfer(
            server: SMTPServer(url: "smtps://localhost:\(port)"), certificateFile: "/nonexistent.pem")
        #expect(try await failureOnceListening(transfer).kind == .configuration)
    }

    /// Until openssl listens, connecting is refused; the suite's time limit ends a wait in vain.
    private func failureOnceListening(_ transfer: SMTPTransfer) async throws -> SMTPFailure {
        while let failure = await failure(transfer) {
            if failure.kind != .transient { return failure }
        }
        throw ServerError(call: "a check that should have failed")
    }

    private func failure(_ transfer: SMTPTransfer) async -> SMTPFailure? {
        do throws(SMTPFailure) {
            try await transfer.check()
            return nil
        } catch {
            return error
        }
    }
}
