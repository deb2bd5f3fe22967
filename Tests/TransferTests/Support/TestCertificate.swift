import Foundation
import TestServers

/// A certificate for `localhost` that nobody trusts, with its key, in a folder of its own.
struct TestCertificate {
    let folder: URL
    /// PEM; it is its own issuer.
    var certificate: String { folder.appending(path: "certificate.pem").path }
    var key: String { folder.appending(path: "key.pem").path }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "transfer-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let maker = try Self.openssl(
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj",
                "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate,
            ], input: FileHandle.nullDevice)
        maker.waitUntilExit()
        guard maker.terminationStatus == 0 else { throw ServerError(call: "openssl req") }
    }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    /// Starts `openssl s_server` with this certificate.
    /// - Parameters:
    ///   - arguments: further ones.
    ///   - input: what it says to whoever connects.
    func serve(_ arguments: String..., input: String = "") throws -> Process {
        let pipe = Pipe()
        pipe.fileHandleForWriting.write(Data(input.utf8))
        let source: Any = input.isEmpty ? FileHandle.nullDevice : pipe
        return try Self.openssl(["s_server", "-key", key, "-cert", certificate] + arguments, input: source)
    }

    private static func openssl(_ arguments: [String], input: Any) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardInput = input
        try process.run()
        return process
    }
}

extension Process {
    /// Dispatch's threads block SIGTERM, and a child inherits that: only SIGKILL ends it.
    func end() {
        kill(processIdentifier, SIGKILL)
        waitUntilExit()
    }
}
