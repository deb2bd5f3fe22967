/// A signed stretch of a tenant's chain: consecutive entries of one day. It outlives the entries.
public struct AuditCheckpoint: Sendable, Hashable {
    /// Whose chain.
    public var tenant: TenantID
    /// The UTC day of all its entries.
    public var day: Day
    /// The number of the first entry.
    public var firstSeq: Int64
    /// The number of the last entry.
    public var lastSeq: Int64
    /// The hash before the first entry; 32 bytes.
    public var firstPreviousHash: [UInt8]
    /// The hash of the last entry; 32 bytes.
    public var lastHash: [UInt8]
    /// Ed25519 over all of the above; 64 bytes.
    public var signature: [UInt8]
    /// Which key signed it.
    public var keyID: String

    /// Puts a checkpoint together; see the properties.
    public init(
        tenant: TenantID, day: Day, firstSeq: Int64, lastSeq: Int64, firstPreviousHash: [UInt8], lastHash: [UInt8],
        signature: [UInt8] = [], keyID: String = ""
    ) {
        self.tenant = tenant
        self.day = day
        self.firstSeq = firstSeq
        self.lastSeq = lastSeq
        self.firstPreviousHash = firstPreviousHash
        self.lastHash = lastHash
        self.signature = signature
        self.keyID = keyID
    }

    /// Number of entries.
    public var entries: Int64 { lastSeq - firstSeq + 1 }
}
