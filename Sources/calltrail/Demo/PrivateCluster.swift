import Foundation

/// A PostgreSQL cluster of the demo's own, made from the distribution's package: nothing to set up, nothing shared.
///
/// PostgreSQL refuses to run as root; then the cluster belongs to the user `postgres` of the package.
struct PrivateCluster {
    /// Why there is no cluster.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let binaries: String
    private let data: URL
    private let user: String?
    private let port: Int
    private let password: String

    /// What to connect to as the role that owns the database.
    var databaseURL: String { "postgres://calltrail:\(password)@127.0.0.1:\(port)/calltrail" }

    /// Finds the server's programs and makes the cluster, where it is not there yet.
    /// - Parameter directory: holds everything of the cluster.
    /// - Throws: `Failure` with what to do.
    init(in directory: URL) throws {
        binaries = try Self.findBinaries()
        user = geteuid() == 0 ? "postgres" : nil
        let files = FileManager.default
        try files.createDirectory(at: directory, withIntermediateDirectories: true)
        let home = try Self.reachableHome(directory, user: user)
        data = home.appending(path: "data")
        port = try Self.remembered(directory.appending(path: "port")) { String(try Self.freePort()) }
            .asNumber("the demo's port")
        password = try Self.remembered(directory.appending(path: "password")) {
            (0..<32).map { _ in String(Int.random(in: 0..<16), radix: 16) }.joined()
        }
        guard !files.fileExists(atPath: data.appending(path: "PG_VERSION").path) else { return }
        try initialize(home)
    }

    /// Starts the server, unless it runs, and makes role and database.
    /// - Throws: `Failure` with the server's own words.
    func start() throws {
        if try ProgramRun.run(binaries + "/pg_ctl", ["-D", data.path, "status"], as: user).status != 0 {
            let options = "-p \(port) -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
            try check(
                "pg_ctl",
                ["-D", data.path, "-w", "-t", "60", "-l", data.path + "/server.log", "-o", options, "start"])
        }
        let administration = "postgres://postgres@127.0.0.1:\(port)/postgres"
        let exists = try ProgramRun.run(
            binaries + "/psql",
            [administration, "-XAtc", "select 1 from pg_database where datname = 'calltrail'"], as: user,
            environment: ["PGPASSWORD": password])
        guard !exists.output.hasPrefix("1") else { return }
        // the password goes by the environment: arguments stand in everybody's list of processes
        for statement in [
            "\\getenv password PGPASSWORD\nselect not exists (select from pg_roles where rolname = 'calltrail') as missing \\gset\n"
                + "\\if :missing\ncreate role calltrail login createrole password :'password';\n\\endif",
            "create database calltrail owner calltrail",
        ] {
            let script = data.deletingLastPathComponent().appending(path: "statement.sql")
            try (statement + "\n").write(to: script, atomically: true, encoding: .utf8)
            defer { try? FileManager.default.removeItem(at: script) }
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: script.path)
            try check("psql", [administration, "-Xq", "-v", "ON_ERROR_STOP=1", "-f", script.path])
        }
    }

    /// Stops the server; its data stay.
    func stop() {
        _ = try? ProgramRun.run(binaries + "/pg_ctl", ["-D", data.path, "-w", "-m", "fast", "stop"], as: user)
    }

    private func initialize(_ home: URL) throws {
        let passwordFile = home.appending(path: "initial-password")
        try PrivateFile.write(Data((password + "\n").utf8), to: passwordFile)
        defer { try? FileManager.default.removeItem(at: passwordFile) }
        if let user { try Self.give(passwordFile, to: user) }
        try check(
            "initdb",
            [
                "-D", data.path, "-U", "postgres", "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256",
                "--pwfile", passwordFile.path,
            ])
    }

    private func check(_ program: String, _ arguments: [String]) throws {
        let outcome = try ProgramRun.run(
            binaries + "/" + program, arguments, as: user, environment: ["PGPASSWORD": password])
        guard outcome.status == 0 else {
            throw Failure(
                description: "\(program) failed: \(outcome.output.trimmingCharacters(in: .whitespacesAndNewlines))")
        }
    }

    private static func findBinaries() throws -> String {
        let packages = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        let versions = packages.compactMap { Int($0) }.sorted(by: >)
        for version in versions where version >= 15 {
            let path = "/usr/lib/postgresql/\(version)/bin"
            if FileManager.default.isExecutableFile(atPath: path + "/initdb") { return path }
        }
        for path in (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        where FileManager.default.isExecutableFile(atPath: path + "/initdb") {
            return String(path)
        }
        throw Failure(description: "there is no PostgreSQL server (15 or later) here; run deploy/install-deps run")
    }

    /// The cluster's home: in the directory asked for, or, where the server's user can't come to it, in `/var/lib`.
    private static func reachableHome(_ directory: URL, user: String?) throws -> URL {
        var home = directory.appending(path: "postgres")
        guard let user else {
            try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
            return home
        }
        if try ProgramRun.run("/usr/bin/test", ["-x", directory.path], as: user).status != 0 {
            let name = directory.path.utf8.reduce(UInt64(14_695_981_039_346_656_037)) {
                ($0 ^ UInt64($1)) &* 1_099_511_628_211
            }
            home = URL(filePath: "/var/lib/calltrail-demo-" + String(name, radix: 36))
            say("the user \(user) can't reach \(directory.path): the cluster is in \(home.path)")
        }
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        try give(home, to: user)
        return home
    }

    private static func give(_ url: URL, to user: String) throws {
        try FileManager.default.setAttributes([.ownerAccountName: user], ofItemAtPath: url.path)
    }

    /// A value that is made once and then kept beside the cluster, for its owner only.
    private static func remembered(_ file: URL, _ make: () throws -> String) throws -> String {
        if let text = try? String(contentsOf: file, encoding: .utf8) {
            return text.trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let text = try make()
        try PrivateFile.write(Data(text.utf8), to: file)
        return text
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(description: "no socket is to be had") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard isBound else { throw Failure(description: "no port is free") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

extension String {
    fileprivate func asNumber(_ what: String) throws -> Int {
        guard let number = Int(self) else {
            throw PrivateCluster.Failure(description: "\(what) is not a number: \(self)")
        }
        return number
    }
}
