import Testing
import Transfer

@Suite("Mail servers by URL")
struct SMTPServerTests {
    @Test(
        "what a URL means",
        arguments: [
            ("smtp://mail.example.com", "smtp://mail.example.com:587"),
            ("smtps://mail.example.com", "smtps://mail.example.com:465"),
            ("SMTP://ada:word@mail.example.com:2525", "smtp://ada@mail.example.com:2525"),
            (
                "smtp://ada%40example.com:p%3A%2F%40%23%25@mail.example.com",
                "smtp://ada@example.com@mail.example.com:587"
            ),
            ("smtp://127.0.0.1:25?tls=off", "smtp://127.0.0.1:25?tls=off"),
            ("smtp://[::1]:25/client.example.com", "smtp://[::1]:25/client.example.com"),
            ("smtp://ada:p@w:d@mail.example.com", "smtp://ada@mail.example.com:587"),
        ])
    func reads(url: String, description: String) throws {
        let server = try SMTPServer(url: url)
        #expect("\(server)" == description)
        #expect(String(reflecting: server) == description)
    }

    @Test(
        "what is no mail server is refused, without a word of the URL",
        arguments: [
            "", "mail.example.com", "http://ada:s3cret@mail.example.com", "smtp://", "smtp://ada:s3cret@",
            "smtp://ada:s3cret@mail.example.com:0", "smtp://ada:s3cret@mail.example.com:s3cret",
            "smtp://ada:s3cret@mail.example.com:70000", "smtp://ada:s3/cret@mail.example.com",
            "smtp://ada:s3?cret@mail.example.com", "smtp://ada:s3#cret@mail.example.com",
            "smtp://ada:s3cret@mail.example.com?tls=maybe", "smtp://mail.example.com?s3cret",
            "smtps://mail.example.com?tls=off", "smtp://mail.example.com#s3cret", "smtp://s3cret@mail.example.com",
            "smtp://:s3cret@mail.example.com", "smtp://ada:@mail.example.com", "smtp://ada:s3cret%@mail.example.com",
            "smtp://ada:s3cret%0d%0aQUIT@mail.example.com", "smtp://ada:s3cret%00@mail.example.com",
            "smtp://ada:s3cret%ff@mail.example.com", "smtp://ada:s3cret@mail example.com",
            "smtp://mail.example.com/a b",
            "smtp://mail.example.com/s3cret/x", "smtp://ada:s3cret@mail.example.com\n",
            "smtp://ada:s3cret@mäil.example",
            "smtp://ada:s3cret@[::1", "smtp://ada:s3cret@[zz]", "smtp://ada:s3cret@-%41",
        ])
    func refuses(url: String) throws {
        let error = #expect(throws: SMTPServer.Invalid.self) { try SMTPServer(url: url) }
        let words = String(describing: error)
        #expect(!words.contains("s3") && !words.contains("cret") && !words.contains("ada"), "\(words)")
    }

    @Test("no way of printing a server shows its password")
    func hidden() throws {
        let server = try SMTPServer(url: "smtp://ada:s3cret@mail.example.com")
        var dumped = ""
        dump(server, to: &dumped)
        for text in ["\(server)", String(reflecting: server), dumped, "\([server])"] {
            #expect(!text.contains("s3cret"))
        }
    }
}
