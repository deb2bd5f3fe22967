/// Prometheus' text format, version 0.0.4.
struct PrometheusText {
    private(set) var text = ""

    /// A metric's head.
    mutating func metric(_ name: String, _ type: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
    }

    /// A value of the metric.
    mutating func sample(_ name: String, _ labels: KeyValuePairs<String, String>, _ value: Double) {
        let list = labels.map { label, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            return "\(label)=\"\(escaped)\""
        }.joined(separator: ",")
        let number = value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
        text += list.isEmpty ? "\(name) \(number)\n" : "\(name){\(list)} \(number)\n"
    }

    /// A metric that has one value.
    mutating func single(_ name: String, _ type: String, _ help: String, _ value: Int) {
        metric(name, type, help)
        sample(name, [:], Double(value))
    }
}
