import Domain
import Foundation

/// A link that somebody else wrote. Only addresses of the web become one: a script's, for one, does not.
public struct OutsideLink: Component {
    let words: String
    let address: String

    /// Makes a link.
    /// - Parameters:
    ///   - words: what is there.
    ///   - address: where it leads; nil comes of anything but `https:` and `http:` with a host.
    public init?(_ words: String, address: String) {
        guard let url = URL(string: address), let scheme = url.scheme?.lowercased(),
            scheme == "https" || scheme == "http", url.host()?.isEmpty == false
        else { return nil }
        self.words = words.visible
        self.address = address
    }

    /// The partial that shows it.
    public static let template = """
        <a href="{{address}}" rel="noopener noreferrer" target="_blank"><bdi>{{words}}</bdi><i class="icon i-shares"></i>\
        <span class="unseen"> (opens in a new tab)</span></a>
        """
}
