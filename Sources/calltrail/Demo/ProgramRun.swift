import Foundation

/// Runs other programs and waits for them.
enum ProgramRun {
    /// What a program said and how it ended.
    struct Outcome {
        /// The exit code; 128 and the signal's number when a signal ended it.
        var status: Int32
        /// Both its outputs.
        var output: String
    }

    /// Why a program could not be started.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Runs a program to its end.
    ///
    /// Not by Foundation's Process: that waits for a socket which a daemon started by the program (as `pg_ctl start` does)
    /// inherits and never closes. For the same reason the output goes into a file, not a pipe.
    /// - Parameters:
    ///   - path: the program.
    ///   - arguments: after its name.
    ///   - user: run as this user, which only root may; nil for the own one.
    ///   - environment: added to the own one; others can't see it, unlike arguments.
    /// - Throws: when it can't be started.
    static func run(
        _ path: String, _ arguments: [String], as user: String? = nil, environment: [String: String] = [:]
    ) throws -> Outcome {
        // from a directory that any user may stand in
        let words =
            ["/usr/bin/env", "-C", "/"] + (user.map { ["/usr/sbin/runuser", "-u", $0, "--"] } ?? []) + [path]
            + arguments
        let log = FileManager.default.temporaryDirectory.appending(path: "calltrail-\(UUID().uuidString).log").path
        defer { unlink(log) }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)

        let merged = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        var variables: [UnsafeMutablePointer<CChar>?] = merged.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for variable in variables { free(variable) } }
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var process = pid_t()
        let code = posix_spawn(&process, words[0], &actions, nil, &pointers, &variables)
        guard code == 0 else {
            throw Failure(description: "\(words[0]) can't be started: \(String(cString: strerror(code)))")
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw Failure(description: "\(words[0]) was lost") }
        }
        let signal = status & 0x7F
        return Outcome(
            status: signal == 0 ? status >> 8 & 0xFF : 128 + signal,
            output: (try? String(contentsOfFile: log, encoding: .utf8)) ?? "")
    }
}
