/// The prepared statements of one connection, least recently used out first.
///
/// It only keeps the books: the connection prepares and deallocates on the server.
struct StatementCache {
    /// A statement is known by its text and the types bound: the same text may be used with others.
    struct Key: Hashable {
        let sql: SQL

        static func == (left: Key, right: Key) -> Bool {
            left.sql.text == right.sql.text
                && left.sql.binds.list.elementsEqual(right.sql.binds.list) { $0.type == $1.type }
        }

        func hash(into hasher: inout Hasher) { hasher.combine(sql.text) }
    }

    private struct Entry {
        let name: String
        var lastUse: UInt64
    }

    let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var uses: UInt64 = 0
    private var names: UInt64 = 0
    /// Names that the server still holds and nobody wants.
    private(set) var superfluous: [String] = []

    /// - Parameter capacity: statements kept; 0 keeps none.
    init(capacity: Int) { self.capacity = max(0, capacity) }

    var count: Int { entries.count }

    /// The name a statement was prepared under; counts as a use.
    mutating func name(of sql: SQL) -> String? {
        guard let index = entries.index(forKey: Key(sql: sql)) else { return nil }
        uses += 1
        entries.values[index].lastUse = uses
        return entries.values[index].name
    }

    /// Makes a name for a statement about to be prepared, and room for it.
    mutating func insert(_ sql: SQL) -> String {
        if entries.count >= capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            entries[oldest.key] = nil
            superfluous.append(oldest.value.name)
        }
        uses += 1
        names += 1
        let name = "s\(names)"
        // The key keeps the text and the types, not the values.
        entries[Key(sql: sql.withoutValues)] = Entry(name: name, lastUse: uses)
        return name
    }

    /// Forgets a statement; the server is to be told when it still holds it.
    mutating func forget(_ sql: SQL, isPrepared: Bool) {
        guard let entry = entries.removeValue(forKey: Key(sql: sql)), isPrepared else { return }
        superfluous.append(entry.name)
    }

    /// Forgets a name that never came to be.
    mutating func forget(name: String) {
        if let index = entries.firstIndex(where: { $0.value.name == name }) { entries.remove(at: index) }
        superfluous.removeAll { $0 == name }
    }

    /// Hands out the names to deallocate.
    mutating func takeSuperfluous() -> [String] {
        defer { superfluous.removeAll() }
        return superfluous
    }

    /// Takes back names that could not be deallocated.
    mutating func keep(superfluous names: [String]) { superfluous.append(contentsOf: names) }
}

extension SQL {
    /// The same statement with its bind types but without the bytes bound.
    var withoutValues: SQL {
        var copy = self
        copy.binds.values = PostgresBuffer()
        return copy
    }
}
