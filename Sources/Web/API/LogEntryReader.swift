import Domain
import Foundation
import Ingest
import Store

/// Reads what a tenant's own pages record: one entry, or up to 1,000 in an array.
struct LogEntryReader {
    private static let members: Set<String> = [
        "code", "value", "data", "from", "related_model", "relation_key", "content_type", "remote_addr", "method",
        "path",
        "apikey_id",
    ]
    /// What a search adds to the data.
    private static let ownData: Set<String> = ["request_id", "erased", "restored"]
    /// Entries of a batch.
    private static let most = 1000
    /// Bytes of `data` as JSON.
    private static let mostData = 64 << 10

    /// The request's own: all entries of a batch have its time.
    private let origin: AuditOrigin
    private let redactor: Redactor
    private let now: Timestamp

    init(_ request: TenantRequest) {
        origin = request.incoming.origin(of: request.principal)
        redactor = Redactor(fingerprintKey: request.principal.redactionKey)
        now = request.incoming.services.clock.now
    }

    /// The entries of a body.
    /// - Throws: `Problem` with a pointer for each issue; then nothing is recorded.
    func entries(of body: [UInt8]) throws -> (entries: [NewAuditEntry], isBatch: Bool) {
        let isBatch = body.first { !" \n\r\t".utf8.contains($0) } == UInt8(ascii: "[")
        guard isBatch else {
            var members = try BodyMembers(body, allowing: Self.members)
            let entry = entry(&members)
            try members.finish()
            return (entry.map { [$0] } ?? [], false)
        }
        let entries = try BodyMembers.elements(of: body, most: Self.most, allowing: Self.members) { entry(&$0) }
        guard !entries.isEmpty else {
            throw Problem(
                .invalidParameter, "The body can't be used; errors says why.",
                issues: [.init(.pointer(""), code: "required", detail: "there is no entry")])
        }
        return (entries, true)
    }

    private func entry(_ members: inout BodyMembers) -> NewAuditEntry? {
        members.require("code")
        let code = members.choice("code", of: AuditCode.self)
        if let code, !code.isRecordedByPages {
            members.issue("code", "unknown_value", "only this service records \(code.rawValue)")
        }
        if let id = members.text("apikey_id"), UUID(uuidString: id) != origin.apiKeyID {
            members.issue("apikey_id", "invalid", "it is the key that sends this request, and no other")
        }
        var entry = origin.entry(code ?? .urlOpened)
        // each has an id of its own, in the order in which they stand
        entry.id = .version7(at: now)
        entry.value = members.text("value", longest: 1000)
        entry.sender = members.text("from", longest: 320)
        entry.relatedModel = members.text("related_model", longest: 100)
        entry.relationKey = members.text("relation_key", longest: 200)
        entry.contentType = members.text("content_type", longest: 200)
        // what tells of a person stands where it can be erased
        for (name, text) in [("relation_key", entry.relationKey), ("related_model", entry.relatedModel)]
        where text.flatMap(EmailAddress.init) != nil {
            members.issue(name, "invalid_format", "it is no address of a person; those go into value, from or data")
        }
        entry.method = members.text("method", longest: 20)
        entry.path = members.text("path", longest: 4000).map { redactor.url($0).withoutAddressesInPath }
        if let address = members.text("remote_addr", longest: 64) {
            if IPAddress(address) == nil { members.issue("remote_addr", "invalid_format", "it is no IP address") }
            entry.remoteAddress = address
        }
        for name in Self.ownData.intersection(members.names(in: "data")).sorted() {
            members.issue("data", "unknown_value", "\(name) is this service's own word on the entry")
        }
        if let data = members.json("data") {
            let redacted = redactor.body(Array(data))
            if redacted.count > Self.mostData {
                members.issue("data", "too_long", "at most \(Self.mostData >> 10) KiB as JSON")
            }
            entry.data = String(decoding: redacted, as: UTF8.self)
        }
        return entry
    }
}
