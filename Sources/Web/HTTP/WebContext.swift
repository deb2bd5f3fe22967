import Hummingbird
import Logging

/// What a request carries through the layers.
struct WebContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Stands in the answer, the log and every problem.
    var requestID: String

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        requestID = ""
    }
}
