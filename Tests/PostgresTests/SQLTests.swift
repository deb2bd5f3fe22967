import Postgres
import Testing

@Suite struct SQLTests {
    @Test func interpolationBinds() {
        let name = "'; drop table x; --"
        let sql: SQL = "select * from t where name = \(name) and id = \(5)"
        #expect(sql.text == "select * from t where name = $1 and id = $2")
        #expect(sql.bindCount == 2)
        #expect("\(sql)" == sql.text)
        #expect(!String(reflecting: sql).contains("drop"))
    }

    @Test func fragmentsAreRenumbered() {
        let inner: SQL = "a = \(1) or b = \("$1")"
        let sql: SQL = "select '$1 ü' where c = \(true) and (\(fragment: inner)) and d = \(2)"
        #expect(sql.text == "select '$1 ü' where c = $1 and (a = $2 or b = $3) and d = $4")
        let many = (0..<12).map { "x\(unescaped: String($0)) = \($0)" as SQL }.joined(separator: " and ")
        #expect(many.text.hasSuffix("x8 = $9 and x9 = $10 and x10 = $11 and x11 = $12"))
        let twice: SQL = "\(fragment: many) or \(fragment: many)"
        #expect(twice.bindCount == 24)
        #expect(twice.text.hasSuffix("x11 = $24"))
        var grown: SQL = "select \(1)"
        grown += ", \(2)"
        #expect((grown + " + \(3)").text == "select $1, $2 + $3")
    }

    @Test func namesAreQuoted() {
        let sql: SQL = "select * from \(identifier: #"a"; drop table b; --"#)"
        #expect(sql.text == #"select * from "a""; drop table b; --""#)
        #expect(SQL.quoted(literal: "it's") == "'it''s'")
        #expect(SQL.quoted(literal: #"a\'b"#) == #" E'a\\''b'"#)
    }

    @Test func fragmentsCarryTheirValues() async throws {
        try await withConnection("sql") { connection in
            let pair: SQL = "\("b") || \("c")"
            let text = try await connection.first("select \("a") || \(fragment: pair) || \("d")") {
                try $0.decode(String.self)
            }
            #expect(text == "abcd")
        }
    }

    @Test(arguments: [
        "'; drop table victim; --", "\\'; drop table victim; --", "\"; drop table victim; --", "$1", "$$", "%s", "/*",
        "--",
        "' or '1'='1", "\u{2019}; drop table victim", "{1,2}", "\n\r\t",
    ])
    func nothingInterpolatedIsEverRun(hostile: String) async throws {
        try await withConnection("sql") { connection in
            try await connection.script("create temporary table victim (id int)")
            let echo = try await connection.first("select \(hostile)") { try $0.decode(String.self) }
            #expect(echo == hostile)
            let alias = try await connection.first("select 1 as \(identifier: hostile)") { $0.columnNames[0] }
            #expect(alias == hostile)
            let settings = TransactionSettings(local: [("test.value", hostile)])
            let setting = try await connection.pipelined(settings, "select current_setting('test.value')") {
                try $0.decode(String.self)
            }
            #expect(setting == [hostile])
            let isThere = try await connection.first("select to_regclass('victim') is not null") {
                try $0.decode(Bool.self)
            }
            #expect(isThere == true)
        }
    }

    @Test func nulIsAnErrorAndCutsNothing() async throws {
        try await withConnection("sql") { connection in
            let bound = await databaseError {
                _ = try await connection.first("select \("a\0b")") { try $0.decode(String.self) }
            }
            #expect(bound?.sqlState == "22021")
            let text = await databaseError { try await connection.execute("select 1 \(unescaped: "\0") from nowhere") }
            #expect(text?.kind == .misuse)
            #expect(await databaseError { try await connection.script("select 1;\0 select 2") }?.kind == .misuse)
            #expect(await databaseError { try await connection.copyIn("copy t\0 from stdin", [[1]]) }?.kind == .misuse)
            let settings = TransactionSettings(local: [("test.value", "a\0b")])
            let setting = await databaseError { _ = try await connection.pipelinedExecute(settings, ["select 1"]) }
            #expect(setting?.kind == .misuse)
            try await expectUsable(connection)
        }
    }
}
