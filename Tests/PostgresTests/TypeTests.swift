import Foundation
import Postgres
import Testing

@Suite struct TypeTests {
    private func roundTrip<Value: PostgresEncodable & PostgresDecodable & Equatable>(_ values: [Value]) async throws {
        try await withConnection("types") { connection in
            for value in values {
                let read = try await connection.first("select \(value)") { try $0.decode(Value.self) }
                #expect(read == value)
                let null: Value? = nil
                let nothing = try await connection.first("select \(null)") { try $0.decode(Value?.self) }
                #expect(nothing == .some(nil))
            }
        }
    }

    @Test func integers() async throws {
        try await roundTrip([true, false])
        try await roundTrip([Int16.min, -1, 0, Int16.max])
        try await roundTrip([Int32.min, -1, 0, Int32.max])
        try await roundTrip([Int64.min, -1, 0, Int64.max])
        try await roundTrip([Int.min, 0, Int.max])
    }

    @Test func doubles() async throws {
        try await roundTrip([0.0, -1.5, .infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude])
    }

    @Test func textAndBytes() async throws {
        try await roundTrip(["", "plain", "'; drop table x; --", "ünïcødé 🚀 \u{1F468}\u{200D}\u{1F469}", "\\ \" $1 ?"])
        try await roundTrip([[UInt8](), [0, 1, 255, 0], Array(0...255)])
    }

    @Test func timesAndIdentifiers() async throws {
        try await roundTrip([UUID(), UUID()])
        try await roundTrip([
            Date(timeIntervalSince1970: 0), Date(timeIntervalSince1970: 1_795_000_000.25),
            Date(timeIntervalSince1970: -5_000_000_000.5),
        ])
        try await roundTrip([PostgresDay(daysSince1970: 0), PostgresDay(daysSince1970: 20_000)])
    }

    @Test func arrays() async throws {
        try await roundTrip([["a", "", "c,{}\"'"], []])
        try await roundTrip([[Int64.min, 0, 7], []])
        try await roundTrip([[Int32(1), 2]])
        try await roundTrip([[Int16(1), 2]])
        try await roundTrip([[1, 2, 3]])
        try await roundTrip([[true, false]])
        try await roundTrip([[0.5, -0.5]])
        try await roundTrip([[UUID(), UUID()]])
        try await roundTrip([[Date(timeIntervalSince1970: 12)]])
    }

    @Test func arraysWithNull() async throws {
        try await withConnection("types") { connection in
            let array = PostgresNullableArray<String>(["a", nil, ""])
            let read = try await connection.first("select \(array)") {
                try $0.decode(PostgresNullableArray<String>.self)
            }
            #expect(read?.elements == ["a", nil, ""])
            let error = await databaseError {
                _ = try await connection.first("select array['a', null]") { try $0.decode([String].self) }
            }
            #expect(error?.kind == .decoding)
            let twoDimensional = await databaseError {
                _ = try await connection.first("select '{{1,2},{3,4}}'::int[]") { try $0.decode([Int32].self) }
            }
            #expect(twoDimensional?.kind == .decoding)
        }
    }

    @Test func json() async throws {
        try await withConnection("types") { connection in
            let document = PostgresJSON(#"{"a": [1, "ü"]}"#)
            let read = try await connection.first("select \(document), \(document)::json, '[1]'::jsonb") {
                try $0.decode(PostgresJSON.self, String.self, [UInt8].self)
            }
            #expect(read?.0 == document)
            #expect(read?.1 == #"{"a": [1, "ü"]}"#)
            #expect(read?.2 == Array("[1]".utf8))
        }
    }

    @Test func otherColumnTypes() async throws {
        try await withConnection("types") { connection in
            try await connection.script("create type colour as enum ('red', 'green')")
            let texts = try await connection.first("select 'a'::varchar(3), 'b'::name, 'c'::char(2), 'red'::colour") {
                try $0.decode(String.self, String.self, String.self, String.self)
            }
            #expect(texts.map { [$0.0, $0.1, $0.2, $0.3] } == ["a", "b", "c ", "red"])
            let numbers = try await connection.first(
                "select 1::int2, 2::int4, 3::int8, sum(x), count(*) from generate_series(1, 3) x"
            ) {
                try $0.decode(Int.self, Int.self, Int.self, Int.self, Int.self)
            }
            #expect(numbers.map { [$0.0, $0.1, $0.2, $0.3, $0.4] } == [1, 2, 3, 6, 3])
        }
    }

    @Test(arguments: [
        "0", "1", "-1", "10000", "123456789012345678", "9223372036854775807", "-9223372036854775808", "20000",
    ])
    func wholeNumerics(text: String) async throws {
        try await withConnection("types") { connection in
            let read = try await connection.first("select \(text)::numeric") { try $0.decode(Int64.self) }
            #expect(read == Int64(text))
        }
    }

    @Test(arguments: ["0.1", "-12345.678901", "1e-10", "1.5e20", "123456789.000001"])
    func fractionalNumerics(text: String) async throws {
        try await withConnection("types") { connection in
            let read = try await connection.first("select \(text)::numeric") { try $0.decode(Double.self) }
            #expect(read == Double(text))
            let whole = await databaseError {
                _ = try await connection.first("select \(text)::numeric + 0.5") { try $0.decode(Int64.self) }
            }
            #expect(whole?.kind == .decoding)
        }
    }

    @Test func infinitiesOfTime() async throws {
        try await withConnection("types") { connection in
            let read = try await connection.first(
                "select 'infinity'::timestamptz, '-infinity'::timestamptz, '2026-01-02'::date"
            ) {
                try $0.decode(Date.self, Date.self, Date.self)
            }
            #expect(read?.0 == .distantFuture)
            #expect(read?.1 == .distantPast)
            #expect(read?.2 == Date(timeIntervalSince1970: 1_767_312_000))
        }
    }

    @Test func microsecondsSurvive() async throws {
        try await withConnection("types") { connection in
            let text = try await connection.first(
                "select to_char(\(Date(timeIntervalSince1970: 1_795_000_000.123456)) at time zone 'UTC', 'US')"
            ) { try $0.decode(String.self) }
            #expect(text == "123456")
        }
    }

    @Test func mismatchesAreErrorsThatNameTheColumn() async throws {
        try await withConnection("types") { connection in
            let text = await databaseError {
                _ = try await connection.first("select 'a' as letter") { try $0.decode(Int.self) }
            }
            #expect(text?.kind == .decoding)
            #expect(text?.column == "letter")
            let null = await databaseError {
                _ = try await connection.first("select null::int as number") {
                    try $0.decode(Int.self, named: "number")
                }
            }
            #expect(null?.column == "number")
            let narrow = await databaseError {
                _ = try await connection.first("select 70000::int4") { try $0.decode(Int16.self) }
            }
            #expect(narrow?.kind == .decoding)
            let few = await databaseError {
                _ = try await connection.first("select 1") { try $0.decode(Int.self, Int.self) }
            }
            #expect(few?.kind == .decoding)
            let missing = await databaseError {
                _ = try await connection.first("select 1 as a") { try $0.decode(Int.self, named: "A") }
            }
            #expect(missing?.kind == .decoding)
            #expect(await connection.isIdle)
        }
    }

    @Test func columnNames() async throws {
        try await withConnection("types") { connection in
            let names = try await connection.first("select 1 as a, 2 as \"B c\"") { row in
                [try row.decode(Int.self, named: "B c").description] + row.columnNames
            }
            #expect(names == ["2", "a", "B c"])
        }
    }
}
