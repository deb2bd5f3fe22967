import Testing

@testable import Domain

@Suite struct AddressGuardTests {
    @Test func everyRangeIsRead() {
        #expect(AddressGuard.specialVersion4.count == 15)
        #expect(AddressGuard.specialVersion6.count == 4)
    }

    @Test(arguments: [
        // loopback, private, link-local, shared, unspecified
        "127.0.0.1", "127.255.255.255", "10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.1",
        "169.254.169.254", "169.254.0.1", "100.64.0.0", "100.127.255.255", "0.0.0.0", "0.255.255.255",
        // documentation, benchmarking, assignments, multicast, reserved, broadcast
        "192.0.2.1", "198.51.100.1", "203.0.113.255", "198.18.0.1", "198.19.255.255", "192.0.0.8", "192.88.99.1",
        "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        // IPv6: loopback, unspecified, unique-local, link-local, site-local, multicast, documentation, discard
        "::1", "::", "fc00::1", "fd00:ec2::254", "fdff:ffff::1", "fe80::1", "febf::1", "fec0::1", "ff02::1", "ff0e::1",
        "2001:db8::1", "3fff::1", "100::1", "5f00::1", "2001:2::1", "2001:10::1", "2001:20::1",
        // IPv4 in another form
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::ffff:0:10.0.0.1", "::127.0.0.1", "::8.8.8.8",
        "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::8.8.8.8", "64:ff9b:1::1", "2002:7f00:1::",
        "2002:a00:1::1", "2002:c0a8:101::1", "2001::1", "2001:0:4136:e378:8000:63bf:f5ff:fffe",
        // zones, and what is no address
        "fe80::1%eth0", "fe80::1%1", "2606:4700::1%eth0", "", " ", "localhost", "127.1", "0x7f.0.0.1", "8.8.8",
        "8.8.8.8 ",
        "8.8.8.8:80", "[::1]", "010.0.0.1", "8.8.8.8/32", "1.1.1.1\0",
    ])
    func refuses(_ address: String) {
        #expect(!AddressGuard().allows(address, for: "example.com"))
    }

    @Test(arguments: [
        "8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
        "192.169.0.0",
        "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.0.1", "169.255.0.1", "192.0.1.0",
        "192.0.3.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
        "2606:4700::6810:84e5", "2a00:1450:4001::1", "2001:200::1", "2001:4860:4860::8888", "2003::1", "3ffe::1",
    ])
    func allows(_ address: String) {
        #expect(AddressGuard().allows(address, for: "example.com"))
    }

    @Test func exceptionsAreAddressesAndHosts() throws {
        let guarded = try AddressGuard(allowing: "127.0.0.0/8, 10.1.2.3,fd00::/8 ,Hooks.Internal")
        for address in ["127.0.0.1", "127.9.9.9", "10.1.2.3", "::ffff:10.1.2.3", "fd12::1"] {
            #expect(guarded.allows(address, for: "example.com"), "\(address)")
        }
        for address in ["10.1.2.4", "192.168.0.1", "fc00::1", "::1", "nonsense"] {
            #expect(!guarded.allows(address, for: "example.com"), "\(address)")
            #expect(!guarded.allows(address, for: "hooks.internal.example.com"), "\(address)")
            #expect(!guarded.allows(address, for: "x.hooks.internal"), "\(address)")
            #expect(guarded.allows(address, for: "HOOKS.internal"), "\(address)")
        }
        #expect(guarded.allows("8.8.8.8", for: "example.com"))
    }

    @Test(arguments: [
        "10.0.0.0/33", "fd00::/129", "::ffff:10.0.0.0/104", "10.0.0/8", "a b", "http://x", "x:80", "10.1", "*",
    ])
    func badExceptionsAreRefused(_ text: String) {
        #expect(throws: AddressGuard.InvalidEntry(text: text)) { try AddressGuard(allowing: "10.0.0.0/8,\(text)") }
    }

    @Test func noExceptionsAreNone() throws {
        for text in ["", " ", ",", " , "] {
            #expect(try !AddressGuard(allowing: text).allows("127.0.0.1", for: ""))
        }
    }

    @Test(arguments: [
        "http://127.0.0.1/", "https://10.0.0.1:8443/x", "http://[::1]/", "http://[fd00::1]:80/", "http://localhost/",
        "http://x.localhost:80/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://017700000001/",
        "http://0/", "http://127.0.0.1./", "http://169.254.169.254/latest/meta-data/", "http://[::ffff:127.0.0.1]/",
    ])
    func literalAddressesAreRefusedBeforehand(_ text: String) throws {
        #expect(AddressGuard().refusal(of: try OutgoingURL(text)) != nil)
    }

    @Test func namesAndPublicAddressesAreNot() throws {
        for text in [
            "https://example.com/", "http://8.8.8.8/", "http://[2606:4700::1]/", "https://localhost.example.com",
        ] {
            #expect(AddressGuard().refusal(of: try OutgoingURL(text)) == nil, "\(text)")
        }
        let guarded = try AddressGuard(allowing: "127.0.0.1,localhost")
        for text in ["http://127.0.0.1:8080/", "http://localhost:8080/", "http://127.1/"] {
            #expect(guarded.refusal(of: try OutgoingURL(text)) == nil, "\(text)")
        }
    }
}

@Suite struct OutgoingURLTests {
    @Test func readsItsParts() throws {
        let url = try OutgoingURL("HTTPS://Hooks.Example.com:8443/T0/B0?x=1#y")
        #expect((url.scheme, url.host, url.port) == ("https", "hooks.example.com", 8443))
        #expect(url.origin == "https://hooks.example.com:8443")
        #expect(url.address == nil)
        #expect(try OutgoingURL("http://[2606:4700::1]:80").origin == "http://[2606:4700::1]:80")
        #expect(try OutgoingURL("http://a_b.example").origin == "http://a_b.example")
        #expect(try OutgoingURL("http://example.com?x=a@b:c").host == "example.com")
    }

    @Test(arguments: [
        "", "example.com", "//example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://x/", "http:/x",
        "http:x",
        "javascript:alert(1)", "http://", "http:///x", "https://?x", "http://:80/", "http://user@example.com/",
        "http://user:pass@example.com/", "http://example.com@127.0.0.1/", "http://example.com:0/",
        "http://example.com:/",
        "http://example.com:65536/", "http://example.com:8a/", "http://example.com:+80/", "http://example.com:000080/",
        "http://a b/", "http://exämple.com/", "http://example.com/ü", "http://example.com\\@127.0.0.1/",
        "http://example.com%2f@x/", "http://ex%61mple.com/", "http://[::1/", "http://::1/", "http://[::1]x/",
        "http://[fe80::1%25eth0]/", "http://[127.0.0.1]/", "http://a\nb/", "http://example.com/\r\nX: y", "http://a,b/",
    ])
    func refuses(_ text: String) {
        #expect(throws: OutgoingURL.Refusal.self) { try OutgoingURL(text) }
    }

    @Test func refusesWhatIsTooLong() {
        #expect(throws: OutgoingURL.Refusal.self) {
            try OutgoingURL("http://example.com/" + String(repeating: "a", count: OutgoingURL.longest))
        }
    }
}
