public import AuditChain
import CZstd
import Crypto
public import Domain
public import Foundation
import Postgres

/// Days of the audit log as files: `audit-YYYYMMDD.ndjson.zst`, and beside it a manifest with its SHA-256.
///
/// The file holds for each tenant the day's checkpoints and then its entries in order, so that it can be verified by itself.
/// It is a row of zstd frames; `zstd -d` reads it.
public struct AuditArchive: Sendable {
    /// What stands beside a file.
    public struct Manifest: Codable, Sendable, Hashable {
        /// The UTC day, `YYYY-MM-DD`.
        public var day: String
        /// The file's name.
        public var file: String
        /// The file's size.
        public var bytes: Int
        /// The file's SHA-256 in hexadecimal digits.
        public var sha256: String
        /// Number of entries.
        public var entries: Int
        /// Number of tenants that have entries.
        public var tenants: Int
        /// When it was written.
        public var createdAt: String

        private enum CodingKeys: String, CodingKey {
            case day, file, bytes, sha256, entries, tenants
            case createdAt = "created_at"
        }
    }

    /// Why a day could not be archived.
    public struct Unwritable: Error, CustomStringConvertible {
        /// In words.
        public var description: String
    }

    /// Why an archive can't be brought back.
    public struct Damaged: Error, CustomStringConvertible {
        /// In words.
        public var description: String
    }

    let directory: URL

    /// Works in a directory.
    /// - Parameter directory: is made when it is missing.
    public init(directory: URL) { self.directory = directory }

    /// The file of a day.
    public func file(of day: Day) -> URL { directory.appending(path: "audit-\(day.suffix).ndjson.zst") }

    /// The manifest of a day; written last, so where there is one the file is whole.
    public func manifestFile(of day: Day) -> URL { directory.appending(path: "audit-\(day.suffix).manifest.json") }

    /// The manifest of a day; nil when the day was not archived.
    /// - Throws: when it can't be read.
    public func manifest(of day: Day) throws -> Manifest? {
        let file = manifestFile(of: day)
        guard FileManager.default.fileExists(atPath: file.path) else { return nil }
        return try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: file))
    }

    /// Writes a day. What an interrupted run left is written over.
    /// - Parameters:
    ///   - day: of which nothing more is appended.
    ///   - chains: reads it.
    ///   - now: by `app_now()`.
    /// - Returns: the manifest.
    /// - Throws: `DatabaseError`; `Unwritable` with what the file system says.
    public func write(_ day: Day, from chains: AuditChainStore, now: Timestamp) async throws -> Manifest {
        do { return try await writeFiles(day, from: chains, now: now) } catch let error as CocoaError {
            let cause = (error.underlying as? POSIXError).map { String(cString: strerror($0.code.rawValue)) }
            throw Unwritable(
                description: "the archive can't be written to \(directory.path): \(cause ?? error.localizedDescription)"
            )
        }
    }

    private func writeFiles(_ day: Day, from chains: AuditChainStore, now: Timestamp) async throws -> Manifest {
        try FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let part = directory.appending(path: "audit-\(day.suffix).part")
        var frames = try ZstdFrameWriter(file: part)
        var (entries, tenants) = (0, Set<TenantID>())
        for try await line in AuditDayLines(chains: chains, day: day) {
            try frames.append(line)
            if case .entry(let record) = line {
                entries += 1
                tenants.insert(record.tenant)
            }
        }
        let (bytes, digest) = try frames.finish()
        try Self.replace(file(of: day), with: part)
        let manifest = Manifest(
            day: day.description, file: file(of: day).lastPathComponent, bytes: bytes, sha256: digest, entries: entries,
            tenants: tenants.count, createdAt: now.description)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let manifestPart = directory.appending(path: "audit-\(day.suffix).manifest.part")
        try encoder.encode(manifest).write(to: manifestPart)
        try Self.replace(manifestFile(of: day), with: manifestPart)
        return manifest
    }

    /// Puts a finished file in its place, durably: a crash leaves the old one or the new one.
    private static func replace(_ file: URL, with part: URL) throws {
        let handle = try FileHandle(forWritingTo: part)
        try handle.synchronize()
        try handle.close()
        guard rename(part.path, file.path) == 0 else { throw CocoaError(.fileWriteUnknown) }
        let directory = open(file.deletingLastPathComponent().path, O_RDONLY)
        guard directory >= 0 else { throw CocoaError(.fileReadUnknown) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    /// Why a day's file, which was there already, does not stand for what the log holds: it may be damaged, or another
    /// installation's.
    /// - Returns: nil when it holds exactly the day's entries.
    /// - Throws: `DatabaseError`.
    func flaw(of day: Day, _ chains: AuditChainStore) async throws -> String? {
        var (archived, standing) = (SHA256(), SHA256())
        func add(_ line: AuditLine, to hasher: inout SHA256) {
            guard case .entry(let record) = line else { return }
            hasher.update(data: Data("\(record.tenant) \(record.seq) \(record.hash)\n".utf8))
        }
        do { try read(day) { line in add(line, to: &archived) } } catch { return "its archive is no good: \(error)" }
        for try await line in AuditDayLines(chains: chains, day: day) { add(line, to: &standing) }
        return archived.finalize() == standing.finalize()
            ? nil : "\(file(of: day).path) holds other entries; move it away, and the day is archived"
    }

    /// Reads a day's lines, after looking at the file's hash.
    /// - Parameters:
    ///   - day: an archived one.
    ///   - take: gets line after line.
    /// - Throws: `Damaged` when the file is not the manifest's; what `take` throws.
    public func read(_ day: Day, _ take: (AuditLine) throws -> Void) throws {
        guard let manifest = try manifest(of: day) else {
            throw Damaged(description: "there is no archive of \(day) in \(directory.path)")
        }
        var lines = 0
        var hasher = SHA256()
        var bytes = 0
        let reader = try ZstdFrameReader(file: file(of: day))
        // twice: nothing of a damaged file may be taken
        try reader.eachChunk { chunk in
            hasher.update(data: chunk)
            bytes += chunk.count
        }
        let digest = hasher.finalize().map { String(format: "%02x", $0) }.joined()
        guard bytes == manifest.bytes, digest == manifest.sha256 else {
            throw Damaged(description: "\(manifest.file) is not the file that its manifest describes")
        }
        try reader.eachLine { line in
            let line = try AuditLine(json: line)
            if case .entry = line { lines += 1 }
            try take(line)
        }
        guard lines == manifest.entries else {
            throw Damaged(description: "\(manifest.file) has \(lines) entries instead of \(manifest.entries)")
        }
    }
}

/// The lines of one day: each tenant's checkpoints, then its entries.
struct AuditDayLines: AsyncSequence {
    typealias Element = AuditLine
    let chains: AuditChainStore
    let day: Day

    func makeAsyncIterator() -> Iterator { Iterator(chains: chains, day: day) }

    struct Iterator: AsyncIteratorProtocol {
        let chains: AuditChainStore
        let day: Day
        private var ready: [AuditLine] = []
        private var last: AuditRecord?

        init(chains: AuditChainStore, day: Day) {
            self.chains = chains
            self.day = day
        }

        mutating func next() async throws -> AuditLine? {
            if ready.isEmpty { ready = try await more().reversed() }
            return ready.popLast()
        }

        private mutating func more() async throws -> [AuditLine] {
            var conditions: [SQL] = [
                "occurred_at >= \(unescaped: "timestamptz '\(day.start)'")",
                "occurred_at < \(unescaped: "timestamptz '\(day.advanced(by: 1).start)'")",
            ]
            if let last { conditions.append("(tenant_id, seq) > (\(last.tenant), \(last.seq))") }
            var lines: [AuditLine] = []
            for record in try await chains.records(where: conditions, in: .everyTenant) {
                if record.tenant != last?.tenant {
                    let (_, checkpoints, _) = try await chains.state(tenant: record.tenant)
                    lines += checkpoints.filter { $0.day == day }.map { .checkpoint($0) }
                }
                lines.append(.entry(record))
                last = record
            }
            return lines
        }
    }
}
