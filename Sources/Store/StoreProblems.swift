public import Domain
import Postgres

extension DatabaseError {
    /// Insufficient privilege, or an object not in the state that it needs: what writing to the day of a leaf gives that
    /// retention is taking away.
    var isLeafOnItsWayOut: Bool { isInsufficientPrivilege || sqlState == "55000" }
}

extension Problem {
    /// What a client is told of any error: problems as they are, the database's by its kind, the rest as internal.
    /// - Parameter error: anything thrown by a store.
    public init(_ error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as DatabaseError: self = Problem(error)
        case is CancellationError:
            self = Problem(.unavailable, "The service is shutting down.", retryAfterSeconds: 1, cause: error)
        default:
            self = Problem(.internalError, "Something broke here; the request id finds it in the log.", cause: error)
        }
    }

    private init(_ error: DatabaseError) {
        if error.isLeafOnItsWayOut {
            self = Problem(
                .unavailable, "The day of an entry is being taken away or made; try again.", retryAfterSeconds: 5,
                cause: error)
            return
        }
        switch error.kind {
        case .connection, .timeout, .cancelled, .poolExhausted:
            self = Problem(
                .unavailable, "The database is not available just now; try again.", retryAfterSeconds: 1, cause: error)
        default:
            // 57P0x: the server shuts down or is starting; 53xxx: it is out of something; 55P03: a lock; 25006: a replica
            let passing = ["57P", "53", "55P03", "40", "25006", "08"]
            if let state = error.sqlState, passing.contains(where: { state.hasPrefix($0) }) {
                self = Problem(
                    .unavailable, "The database is not available just now; try again.", retryAfterSeconds: 1,
                    cause: error)
            } else {
                self = Problem(
                    .internalError, "Something broke here; the request id finds it in the log.", cause: error)
            }
        }
    }
}
