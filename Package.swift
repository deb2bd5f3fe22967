// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
    // Exclusive access is proven at compile time, and checked at run time in debug builds, where all tests run.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let collections: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")

// What each target may know is drawn in ARCHITECTURE.md; `make lint` refuses an import that is not declared here.
let package = Package(
    name: "calltrail",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "calltrail", targets: ["calltrail"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", exact: "1.35.2"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: ["FullFoundation"]),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", exact: "2.1.1"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: [
        // C libraries
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"])]),
        .target(name: "CSimdJSON", linkerSettings: [.linkedLibrary("simdjson")]),
        .target(name: "CResources"),
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),

        // Libraries that know no noun of the app
        .target(name: "Postgres", dependencies: ["CLibPQ", collections, logging, lifecycle], swiftSettings: strict),
        .target(name: "Transfer", dependencies: ["CCurl"], swiftSettings: strict),

        // The app
        .target(name: "Domain", swiftSettings: strict),
        .target(name: "BodyBlocks", dependencies: ["Domain", "CZstd"], swiftSettings: strict),
        .target(name: "Vault", dependencies: ["Domain", crypto], swiftSettings: strict),
        .target(name: "AuditChain", dependencies: ["Domain", crypto], swiftSettings: strict),
        .target(
            name: "Store",
            dependencies: [
                "Domain", "Postgres", "BodyBlocks", "Vault", "AuditChain", "CArgon2", "CZstd", crypto, logging,
                lifecycle,
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Ingest",
            dependencies: ["Domain", "Store", "CSimdJSON", "CZstd", "CZlib", crypto, collections, logging, lifecycle],
            swiftSettings: strict
        ),
        .target(
            name: "Providers",
            dependencies: ["Domain", "Transfer", crypto, .product(name: "Yams", package: "Yams")],
            swiftSettings: strict),
        .target(
            name: "Connections", dependencies: ["Domain", "Store", "Providers", "Transfer", logging],
            swiftSettings: strict),
        .target(
            name: "Jobs",
            dependencies: [
                "Domain", "Store", "AuditChain", "Connections", "Mail", "Transfer", "Vault", crypto, logging, lifecycle,
            ],
            swiftSettings: strict),
        .target(
            name: "Console",
            dependencies: [
                "Domain", "CResources", "CZlib", crypto, .product(name: "Mustache", package: "swift-mustache"),
            ],
            exclude: ["Assets"],
            swiftSettings: strict),
        .target(
            name: "Web",
            dependencies: [
                "Domain", "AuditChain", "Store", "Ingest", "Connections", "Console", "Providers", "Mail", "Vault",
                "CResources",
                crypto, logging, lifecycle,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
            ],
            exclude: ["OpenAPI/openapi.json"],
            swiftSettings: strict
        ),
        .target(
            name: "Mail",
            dependencies: [
                "Domain", "Transfer", crypto, logging, .product(name: "Mustache", package: "swift-mustache"),
            ],
            swiftSettings: strict),
        .target(name: "Demo", dependencies: ["Domain"], swiftSettings: strict),
        .target(name: "Shipping", dependencies: ["Domain"], swiftSettings: strict),
        .executableTarget(
            name: "calltrail",
            dependencies: [
                "Domain", "Postgres", "Transfer", "Store", "Ingest", "Jobs", "Web", "Mail", "Demo", "Shipping", "Vault",
                "Providers", "Connections", "AuditChain", logging, lifecycle, crypto,
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict
        ),

        // Tests
        .target(
            name: "TestSupport", dependencies: ["Domain", "Postgres", "Store", logging], path: "Tests/Support/Swift",
            swiftSettings: strict),
        .target(name: "TestServers", path: "Tests/Support/Servers", swiftSettings: strict),
        .testTarget(name: "DomainTests", dependencies: ["Domain"], swiftSettings: strict),
        .testTarget(name: "PostgresTests", dependencies: ["Postgres", logging], swiftSettings: strict),
        .testTarget(name: "TransferTests", dependencies: ["Transfer", "TestServers"], swiftSettings: strict),
        .testTarget(name: "BodyBlocksTests", dependencies: ["BodyBlocks", "Domain"], swiftSettings: strict),
        .testTarget(
            name: "StoreTests",
            dependencies: [
                "Store", "BodyBlocks", "Vault", "AuditChain", "Domain", "Postgres", "TestSupport", crypto, logging,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "IngestTests",
            dependencies: ["Ingest", "Domain", "BodyBlocks", "Store", "Postgres", "CZstd", "CZlib", crypto, logging],
            swiftSettings: strict),
        .testTarget(
            name: "JobsTests",
            dependencies: [
                "Jobs", "Store", "Connections", "Providers", "Domain", "Mail", "Postgres", "Transfer", "Vault",
                "TestSupport",
                "TestServers",
                crypto,
                logging,
                lifecycle,
            ],
            swiftSettings: strict),
        .testTarget(
            name: "WebTests",
            dependencies: [
                "Web", "Connections", "Console", "Domain", "Ingest", "Mail", "Postgres", "Providers", "Store",
                "Transfer", "Vault",
                logging,
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "MailTests", dependencies: ["Mail", "Domain", "Transfer", logging], swiftSettings: strict),
        .testTarget(
            name: "ConsoleTests",
            dependencies: ["Console", "Domain", .product(name: "Mustache", package: "swift-mustache")],
            swiftSettings: strict),
        .testTarget(
            name: "ProvidersTests", dependencies: ["Providers", "Domain", "Transfer", "TestServers"],
            swiftSettings: strict),
        .testTarget(name: "AuditChainTests", dependencies: ["AuditChain", "Domain"], swiftSettings: strict),
        .testTarget(name: "VaultTests", dependencies: ["Vault", "Domain"], swiftSettings: strict),
        .testTarget(name: "DemoTests", dependencies: ["Demo", "Domain"], swiftSettings: strict),
        .testTarget(name: "ShippingTests", dependencies: ["Shipping", "Domain"], swiftSettings: strict),
    ],
    cxxLanguageStandard: .cxx17
)
