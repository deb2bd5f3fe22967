import Foundation

/// Files that nobody but their owner may read, not even for the moment between making and protecting them.
enum PrivateFile {
    /// Why a file could not be written.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Writes a file, whole or not at all.
    static func write(_ data: Data, to file: URL) throws {
        let draft = file.path + ".draft"
        unlink(draft)
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else {
            throw Failure(description: "\(file.path) can't be written: \(String(cString: strerror(errno)))")
        }
        try FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).write(contentsOf: data)
        guard rename(draft, file.path) == 0 else {
            throw Failure(description: "\(file.path) can't be written: \(String(cString: strerror(errno)))")
        }
    }

    /// Takes a lock that lasts as long as this process.
    /// - Returns: false when another process has it.
    static func lock(_ file: URL) -> Bool {
        let descriptor = open(file.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        return descriptor >= 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0
    }
}
