import Domain
import Hummingbird
import NIOCore
import Store

/// The entries of a search as a file, page after page, so that it takes no more memory than one page.
struct LogEntryExport: Sendable {
    /// How the file is written.
    enum Format: String, CaseIterable {
        case csv
        case ndjson
    }

    private static let pageSize = 500

    let store: AuditStore
    let query: AuditQuery
    let tenant: TenantID
    let now: Timestamp

    /// An answer that streams the file. A failure amid it cuts the connection, so that nobody takes a part for the whole.
    func response(_ format: Format) -> Response {
        let type = format == .csv ? "text/csv; charset=utf-8" : "application/x-ndjson"
        return Response(
            status: .ok,
            headers: [
                .contentType: type, .contentDisposition: "attachment; filename=\"audit-log.\(format.rawValue)\"",
            ],
            body: ResponseBody { writer in
                if format == .csv { try await writer.write(ByteBuffer(string: CSV.line(LogEntryJSON.keys))) }
                var position: AuditPosition?
                repeat {
                    let page = try await store.page(
                        query, tenant: tenant, after: position, limit: Self.pageSize, now: now
                    ) { row in try Self.line(row, format) }
                    if !page.entries.isEmpty {
                        try await writer.write(ByteBuffer(bytes: page.entries.lazy.joined()))
                    }
                    position = page.next
                } while position != nil
                try await writer.finish(nil)
            })
    }

    private static func line(_ row: AuditResultRow, _ format: Format) throws -> [UInt8] {
        switch format {
        case .csv: Array(CSV.line(try LogEntryJSON.cells(row)).utf8)
        case .ndjson: try LogEntryJSON.object(row).line()
        }
    }
}
