import Testing

@testable import Shipping

@Suite("Reading what is shipped")
struct ShipReaderTests {
    @Test("NDJSON: lines as they are, blank ones left out, numbers those of the file")
    func lines() throws {
        let file = try TemporaryFile("{\"a\":1}\r\n\n  \n{\"b\":2}\n{broken\n{\"c\":3}")
        let batch = try #require(try read(file.input()).first)
        #expect(batch.lines == ["{\"a\":1}", "{\"b\":2}", "{broken", "{\"c\":3}"])
        #expect(batch.places.map(\.number) == [1, 4, 5, 6])
        #expect(batch.places.allSatisfy { $0.file == file.path })
        #expect(batch.bytesRead == 36)
    }

    @Test("a broken first line leaves NDJSON what it is", arguments: ["{broken", "{\"a\":"])
    func brokenFirstLine(line: String) throws {
        let file = try TemporaryFile("\(line)\n\n{\"b\":2}\n")
        #expect(try read(file.input()).first?.lines == [line, "{\"b\":2}"])
    }

    @Test("a pipe is read like a file, without a size")
    func pipe() throws {
        let lines = (0..<30_000).map { "{\"number\":\($0)}" }
        var reader = ShipReader(inputs: [pipeInput(lines.joined(separator: "\n"))], har: HARImport())
        #expect(reader.bytesTotal == nil)
        let batches = try reader.all()
        #expect(batches.flatMap(\.lines) == lines)
        #expect(batches.map(\.places.count) == Array(repeating: 1000, count: 30))
    }

    @Test("an array, on one line or many, gives its elements", arguments: ["", "\n", "\r\n  ", "\t"])
    func array(space: String) throws {
        let text = """
            [\(space){"a":\(space)"x, ]} \\" y",\(space)"b":[1,\(space)[2]]}\(space)\
            ,{"c":{"d":\(space)null}}\(space)]\(space)
            """
        let file = try TemporaryFile("\u{FEFF} \(text)")
        let batch = try #require(try read(file.input()).first)
        #expect(batch.lines == ["{\"a\":\"x, ]} \\\" y\",\"b\":[1,[2]]}", "{\"c\":{\"d\":null}}"])
        #expect(batch.places.map(\.number) == [1, 2])
    }

    @Test("an array that breaks off keeps what was whole, and says so")
    func brokenArray() throws {
        let file = try TemporaryFile("[{\"a\":1},{\"b\":")
        let batch = try #require(try read(file.input()).first)
        #expect(batch.lines == ["{\"a\":1}"])
        #expect(batch.known.rejected == 1)
        #expect(batch.known.issues.first?.place.number == 2)
        #expect(batch.known.issues.first?.code == "unreadable")
    }

    @Test("one object is one entry", arguments: ["{\"a\": {\"b\": 1}}", "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n"])
    func object(text: String) throws {
        let file = try TemporaryFile(text)
        let lines = try read(file.input()).flatMap(\.lines)
        #expect(lines.map { $0.filter { $0 != " " } } == ["{\"a\":{\"b\":1}}"])
    }

    @Test("nothing is in an empty file", arguments: ["", "\n \n", "[]", "[ \n ]"])
    func empty(text: String) throws {
        #expect(try read(TemporaryFile(text).input()).isEmpty)
    }

    @Test("a batch holds a thousand entries at most, and four MiB")
    func batchLimits() throws {
        let wide = "{\"body\":\"\(String(repeating: "x", count: 1 << 20))\"}"
        let file = try TemporaryFile(Array(repeating: wide, count: 10).joined(separator: "\n"))
        let batches = try read(file.input())
        #expect(batches.map(\.places.count) == [3, 3, 3, 1])
        #expect(batches.allSatisfy { $0.body.count <= ShipBatch.maximumBytes })
        #expect(batches.flatMap(\.places).map(\.number) == Array(1...10))
    }

    @Test("a line beyond what a request may hold is an issue, and those around it are sent")
    func hugeLine() throws {
        let huge = String(repeating: "x", count: ShipBatch.maximumEntryBytes + 10)
        for separator in ["\n", ",\n"] {
            let text = ["{\"a\":1}", "{\"b\":\"\(huge)\"}", "{\"c\":3}"].joined(separator: separator)
            let file = try TemporaryFile(separator == "\n" ? text : "[\(text)]")
            let batches = try read(file.input())
            #expect(batches.flatMap(\.lines) == ["{\"a\":1}", "{\"c\":3}"])
            let known = batches.reduce(into: ShipSummary()) { $0.add($1.known) }
            #expect(known.rejected == 1)
            #expect(known.issues.first?.place.number == 2)
            #expect(known.issues.first?.code == "too_large")
        }
    }

    @Test("several files make common batches, each entry with its own place")
    func severalFiles() throws {
        let first = try TemporaryFile("{\"a\":1}\n{\"a\":2}\n")
        let second = try TemporaryFile("[{\"b\":1}]")
        var reader = ShipReader(inputs: [try first.input(), try second.input()], har: HARImport())
        #expect(reader.bytesTotal == 25)
        let batches = try reader.all()
        #expect(batches.count == 1)
        #expect(batches[0].places.map(\.number) == [1, 2, 1])
        #expect(batches[0].places.map(\.fileIndex) == [0, 0, 1])
        #expect(batches[0].bytesRead == 25)
    }

    @Test("what comes before an unreadable file is returned first")
    func laterFailure() throws {
        let first = try TemporaryFile("{\"a\":1}\n")
        let second = try TemporaryFile("a;b;c\n1;2;3\n")
        var reader = ShipReader(inputs: [try first.input(), try second.input()], har: HARImport())
        #expect(try reader.next()?.lines == ["{\"a\":1}"])
        #expect(throws: ShipError.unknownForm(file: second.path, "is neither NDJSON nor JSON nor HAR")) {
            try reader.next()
        }
    }

    @Test(
        "what cannot be shipped is named",
        arguments: [
            ([0x1F, 0x8B, 8, 0], "gzip"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"), ([0xFF, 0xFE, 0x7B, 0], "UTF-16"),
            (Array("<html>".utf8), "neither"), (Array("{\n\"a\":\n".utf8), "not valid JSON"),
        ] as [([UInt8], String)]
    )
    func unknownForm(content: [UInt8], words: String) throws {
        let file = try TemporaryFile(content)
        let error = #expect(throws: ShipError.self) { try read(file.input()) }
        #expect(error?.description.contains(words) == true)
    }

    @Test("a file that is not there, and a folder, are unreadable")
    func unreadable() throws {
        #expect(throws: ShipError.unreadable(file: "/nowhere/x", "No such file or directory")) {
            try ShipInput(name: "/nowhere/x")
        }
        #expect(throws: ShipError.unreadable(file: "/", "Is a directory")) { try read(ShipInput(name: "/")) }
    }
}
