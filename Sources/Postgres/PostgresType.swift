/// A PostgreSQL data type, by its object id.
public struct PostgresType: RawRepresentable, Sendable, Hashable {
    /// The type's row in `pg_type`.
    public let rawValue: UInt32

    /// A type by its object id.
    /// - Parameter rawValue: `pg_type.oid`.
    @inlinable
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The type is left to the server to infer.
    public static let unspecified = PostgresType(rawValue: 0)
    /// `boolean`.
    public static let bool = PostgresType(rawValue: 16)
    /// `bytea`.
    public static let bytea = PostgresType(rawValue: 17)
    /// `"char"`, a single byte of the system catalogues.
    public static let char = PostgresType(rawValue: 18)
    /// `name`.
    public static let name = PostgresType(rawValue: 19)
    /// `bigint`.
    public static let int8 = PostgresType(rawValue: 20)
    /// `smallint`.
    public static let int2 = PostgresType(rawValue: 21)
    /// `integer`.
    public static let int4 = PostgresType(rawValue: 23)
    /// `text`.
    public static let text = PostgresType(rawValue: 25)
    /// `oid`.
    public static let oid = PostgresType(rawValue: 26)
    /// `json`.
    public static let json = PostgresType(rawValue: 114)
    /// `real`.
    public static let float4 = PostgresType(rawValue: 700)
    /// `double precision`.
    public static let float8 = PostgresType(rawValue: 701)
    /// A literal whose type was never resolved.
    public static let unknown = PostgresType(rawValue: 705)
    /// `inet`.
    public static let inet = PostgresType(rawValue: 869)
    /// `character(n)`.
    public static let bpchar = PostgresType(rawValue: 1042)
    /// `character varying`.
    public static let varchar = PostgresType(rawValue: 1043)
    /// `date`.
    public static let date = PostgresType(rawValue: 1082)
    /// `timestamp without time zone`.
    public static let timestamp = PostgresType(rawValue: 1114)
    /// `timestamp with time zone`.
    public static let timestamptz = PostgresType(rawValue: 1184)
    /// `numeric`.
    public static let numeric = PostgresType(rawValue: 1700)
    /// `void`, what a procedure-like function returns.
    public static let void = PostgresType(rawValue: 2278)
    /// `uuid`.
    public static let uuid = PostgresType(rawValue: 2950)
    /// `jsonb`.
    public static let jsonb = PostgresType(rawValue: 3802)

    /// `boolean[]`.
    public static let boolArray = PostgresType(rawValue: 1000)
    /// `bytea[]`.
    public static let byteaArray = PostgresType(rawValue: 1001)
    /// `name[]`.
    public static let nameArray = PostgresType(rawValue: 1003)
    /// `smallint[]`.
    public static let int2Array = PostgresType(rawValue: 1005)
    /// `integer[]`.
    public static let int4Array = PostgresType(rawValue: 1007)
    /// `text[]`.
    public static let textArray = PostgresType(rawValue: 1009)
    /// `character varying[]`.
    public static let varcharArray = PostgresType(rawValue: 1015)
    /// `bigint[]`.
    public static let int8Array = PostgresType(rawValue: 1016)
    /// `double precision[]`.
    public static let float8Array = PostgresType(rawValue: 1022)
    /// `date[]`.
    public static let dateArray = PostgresType(rawValue: 1182)
    /// `timestamp with time zone[]`.
    public static let timestamptzArray = PostgresType(rawValue: 1185)
    /// `uuid[]`.
    public static let uuidArray = PostgresType(rawValue: 2951)
    /// `json[]`.
    public static let jsonArray = PostgresType(rawValue: 199)
    /// `jsonb[]`.
    public static let jsonbArray = PostgresType(rawValue: 3807)

    /// Object ids from here on belong to types made in this database: enums, domains, extensions.
    static let firstUserDefined: UInt32 = 16_384

    /// Whether the binary form of this type is its text.
    var isTextual: Bool {
        switch self {
        case .text, .varchar, .name, .bpchar, .json, .unknown, .char: true
        default: rawValue >= PostgresType.firstUserDefined
        }
    }
}
