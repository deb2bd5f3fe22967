import Foundation

/// Decides which addresses outgoing calls may reach. People choose where calls go to, so without this a hook could make
/// the service ask its own neighbours, or the cloud's metadata.
///
/// What counts is the address at the time of the connection; looking at a URL beforehand only makes for better messages.
public struct AddressGuard: Sendable {
    /// An entry of the setting that can't be used.
    public struct InvalidEntry: Error, Hashable, CustomStringConvertible {
        /// As it was given.
        public let text: String

        /// In words.
        public var description: String { "\(text) is no address, CIDR range or host name" }
    }

    private let ranges: [AddressRange]
    /// In lower case.
    private let hosts: Set<String>

    /// Refuses every address that is not public.
    public init() {
        ranges = []
        hosts = []
    }

    /// Refuses every address that is not public, with exceptions.
    /// - Parameter exceptions: CIDR ranges, addresses and host names, with commas between them. An address of a range may be
    ///   reached by any call; a call to a host of exactly that name may reach any address.
    /// - Throws: `InvalidEntry`.
    public init(allowing exceptions: String) throws(InvalidEntry) {
        var ranges: [AddressRange] = []
        var hosts: Set<String> = []
        for entry in exceptions.split(separator: ",") {
            let text = entry.trimmingCharacters(in: .whitespacesAndNewlines)
            if let range = AddressRange(text) {
                ranges.append(range)
            } else if OutgoingURL.isHostName(text), OutgoingURL.address(ofHost: text) == nil {
                hosts.insert(text.lowercased())
            } else if !text.isEmpty {
                throw InvalidEntry(text: text)
            }
        }
        self.ranges = ranges
        self.hosts = hosts
    }

    /// Whether a call may reach an address.
    /// - Parameters:
    ///   - address: in numeric form; what does not parse, such as one with a zone, is refused.
    ///   - host: the host of the call's URL.
    public func allows(_ address: String, for host: String) -> Bool {
        if hosts.contains(host.lowercased()) { return true }
        guard let address = IPAddress(address) else { return false }
        return ranges.contains { $0.contains(address) } || Self.isPublic(address)
    }

    /// Why a URL could not be called in any case; nil when that depends on the addresses of its host.
    /// - Parameter url: any.
    public func refusal(of url: OutgoingURL) -> String? {
        if let address = url.address {
            return allows(address, for: url.host) ? nil : "the address \(address) must not be reached"
        }
        let isOwnHost = url.host == "localhost" || url.host.hasSuffix(".localhost")
        return isOwnHost && !hosts.contains(url.host) ? "the host \(url.host) must not be reached" : nil
    }

    /// Whether an address belongs to the public internet.
    ///
    /// Sources: the IANA special-purpose address registries (RFC 6890), RFC 4291, RFC 6052.
    static func isPublic(_ address: IPAddress) -> Bool {
        if address.isVersion4 { return !specialVersion4.contains { $0.contains(address) } }
        // NAT64: the last four bytes are the IPv4 address that a translator calls
        if let translated, translated.contains(address) { return isPublic(IPAddress(version4: address.bytes[12...])) }
        // global unicast; outside of it lie loopback, unspecified, IPv4-compatible, unique-local, link-local, site-local,
        // multicast and 64:ff9b:1::/48
        guard address.bytes[0] & 0xE0 == 0x20 else { return false }
        return !specialVersion6.contains { $0.contains(address) }
    }

    private static let translated = AddressRange("64:ff9b::/96")

    static let specialVersion4 = ranges([
        "0.0.0.0/8",  // this host
        "10.0.0.0/8",  // private
        "100.64.0.0/10",  // shared by carriers' translators
        "127.0.0.0/8",  // loopback
        "169.254.0.0/16",  // link-local, among them the clouds' metadata
        "172.16.0.0/12",  // private
        "192.0.0.0/24",  // protocol assignments
        "192.0.2.0/24",  // documentation
        "192.88.99.0/24",  // 6to4 relays, which are no more (RFC 7526)
        "192.168.0.0/16",  // private
        "198.18.0.0/15",  // benchmarking
        "198.51.100.0/24",  // documentation
        "203.0.113.0/24",  // documentation
        "224.0.0.0/4",  // multicast
        "240.0.0.0/4",  // reserved, and broadcast
    ])

    static let specialVersion6 = ranges([
        "2001::/23",  // protocol assignments: Teredo, which carries an IPv4 address, benchmarking, ORCHID
        "2001:db8::/32",  // documentation
        "2002::/16",  // 6to4, which carries an IPv4 address and is no more (RFC 7526)
        "3fff::/20",  // documentation
    ])

    private static func ranges(_ texts: [String]) -> [AddressRange] { texts.compactMap(AddressRange.init) }
}
