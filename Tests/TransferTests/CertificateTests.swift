import Foundation
import Testing
import Transfer

@Suite("Certificates", .timeLimit(.minutes(1)))
struct CertificateTests {
    @Test("an unknown certificate is refused, and trusted once its file is given")
    func trust() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "transfer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let key = folder.appending(path: "key.pem").path
        let certificate = folder.appending(path: "certificate.pem").path
        let maker = try openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            key,
            "-out",
            certificate
        )
        maker.waitUntilExit()
        #expect(maker.terminationStatus == 0)
        let (descriptor, port) = try listenOnFreePort()
        closeSocket(descriptor)
        let server = try openssl("s_server", "-accept", "\(port)", "-key", key, "-cert", certificate, "-www", "-quiet")
        defer {
            // Dispatch's threads block SIGTERM, and a child inherits that: only SIGKILL ends it.
            kill(server.processIdentifier, SIGKILL)
            server.waitUntilExit()
        }

        let trusting = try HTTPTransfer(certificateFile: certificate)
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

    private func openssl(_ arguments: String...) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return process
    }
}
