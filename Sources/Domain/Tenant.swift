/// The number of a tenant: the leading part of every key of its data.
public struct TenantID: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// Positive.
    public var rawValue: Int32

    /// A tenant's number.
    /// - Parameter rawValue: positive.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// Reads the number as commands and answers show it.
    /// - Parameter text: decimal digits.
    public init?(_ text: String) {
        guard let number = Int32(text), number > 0 else { return nil }
        rawValue = number
    }

    /// In words.
    public var description: String { String(rawValue) }
}

/// What a tenant has subscribed to. Operators may name plans of their own; those with a meaning here are listed.
public struct Plan: RawRepresentable, Sendable, Hashable {
    /// Lower-case letters, digits, `-` and `_`; at most 32.
    public var rawValue: String

    /// A plan by its name.
    /// - Parameter rawValue: as the database holds it.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Includes call logs.
    public static let business = Plan(rawValue: "business")
    /// Includes call logs.
    public static let enterprise = Plan(rawValue: "enterprise")
}

/// The product module a tenant uses. Operators may name modules of their own.
public struct Module: RawRepresentable, Sendable, Hashable {
    /// Lower-case letters, digits, `-` and `_`; at most 32.
    public var rawValue: String

    /// A module by its name.
    /// - Parameter rawValue: as the database holds it.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Includes call logs.
    public static let unified = Module(rawValue: "unified")
}

/// A customer of the platform. Nothing of one is ever seen by another.
public struct Tenant: Sendable, Hashable {
    /// Its number.
    public var id: TenantID
    /// The name that people read.
    public var name: String
    /// What it has subscribed to.
    public var plan: Plan
    /// The module it uses.
    public var module: Module

    /// Puts a tenant together; see the properties.
    public init(id: TenantID, name: String, plan: Plan, module: Module) {
        self.id = id
        self.name = name
        self.plan = plan
        self.module = module
    }

    /// What is missing for call logs, in words; nil when nothing is.
    public var missingForCallLogs: String? {
        let planSuffices = plan == .business || plan == .enterprise
        switch (planSuffices, module == .unified) {
        case (true, true): return nil
        case (false, true): return "the business or enterprise plan (this tenant has \(plan.rawValue))"
        case (true, false): return "the unified module (this tenant has \(module.rawValue))"
        case (false, false):
            return "the business or enterprise plan and the unified module "
                + "(this tenant has \(plan.rawValue) and \(module.rawValue))"
        }
    }
}
