import Foundation
import Postgres

/// A cluster of one test's own, which may be stopped, frozen and started again.
final class TestCluster: Sendable {
    private let binaries: String
    private let directory: String
    private let port: Int

    /// Makes and starts a cluster.
    init() throws {
        binaries = try TestCluster.findBinaries()
        directory = NSTemporaryDirectory() + "/postgres-tests-\(UUID())"
        port = try TestCluster.freePort()
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        if geteuid() == 0 { try TestCluster.run(["chown", "postgres", directory]) }
        try runBinary(["initdb", "-D", directory + "/data", "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8"])
        try start()
    }

    func configuration() throws -> PostgresConfiguration {
        try PostgresConfiguration(url: "postgresql://postgres@127.0.0.1:\(port)/postgres")
    }

    func start() throws {
        let options = "-p \(port) -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        try runBinary(["pg_ctl", "-D", directory + "/data", "-l", directory + "/log", "-o", options, "-w", "start"])
    }

    func stop() throws { try runBinary(["pg_ctl", "-D", directory + "/data", "-m", "immediate", "-w", "stop"]) }

    /// Stops it for good.
    func remove() throws {
        try? stop()
        try FileManager.default.removeItem(atPath: directory)
    }

    /// Stops or continues all processes of the server, as a machine that hangs would.
    func freeze(_ isFrozen: Bool) throws {
        let file = try String(contentsOfFile: directory + "/data/postmaster.pid", encoding: .utf8)
        guard let process = file.split(separator: "\n").first else { return }
        let signal = isFrozen ? "-STOP" : "-CONT"
        try TestCluster.run(["kill", signal, String(process)])
        try TestCluster.run(["pkill", signal, "-P", String(process)])
    }

    private func runBinary(_ command: [String]) throws {
        var command = command
        command[0] = binaries + "/" + command[0]
        // The server refuses to run as root.
        try TestCluster.run(geteuid() == 0 ? ["runuser", "-u", "postgres", "--"] + command : command)
    }

    /// Runs a program and waits for it, and not for the daemon it leaves behind, as Foundation's `Process` would.
    private static func run(_ command: [String]) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        var arguments = command.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var process = pid_t()
        var status: Int32 = -1
        guard posix_spawnp(&process, command[0], &actions, nil, &arguments, environ) == 0,
            waitpid(process, &status, 0) == process, status == 0
        else { throw TestDatabase.Refusal(description: "\(command) failed") }
    }

    private static func findBinaries() throws -> String {
        if let given = ProcessInfo.processInfo.environment["CALLTRAIL_TEST_PG_BIN"] { return given }
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        var candidates = versions.sorted().reversed().map { "/usr/lib/postgresql/\($0)/bin" }
        if let answer = popen("pg_config --bindir 2>/dev/null", "r") {
            defer { pclose(answer) }
            var line = [CChar](repeating: 0, count: 4096)
            if fgets(&line, Int32(line.count), answer) != nil {
                let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                candidates.insert(text.trimmingCharacters(in: .whitespacesAndNewlines), at: 0)
            }
        }
        guard let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0 + "/initdb") })
        else {
            throw TestDatabase.Refusal(description: "no PostgreSQL server binaries; name them in CALLTRAIL_TEST_PG_BIN")
        }
        return found
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 ? getsockname(descriptor, pointer, &length) : -1
            }
        }
        guard status == 0 else { throw TestDatabase.Refusal(description: "no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
