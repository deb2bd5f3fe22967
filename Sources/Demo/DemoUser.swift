import Foundation

extension DemoUser {
    /// Makes up people, their addresses and phone numbers.
    static func crowd(of count: Int, _ random: inout DemoRandom) -> [DemoUser] {
        (0..<count).map { index in
            let language = random.pick([
                DemoLanguage.english, .english, .english, .english, .german, .german, .german, .french, .french,
                .spanish,
                .spanish, .swedish, .japanese,
            ])
            let given = random.pick(language.givenNames)
            let family = random.pick(language.familyNames)
            let name = language == .japanese ? "\(family) \(given)" : "\(given) \(family)"
            return DemoUser(
                id: "u-\(1000 + index)",
                name: name,
                email: address(given, family, index) + (random.chance(0.3) ? "@example.org" : "@example.com"),
                phone: phone(language, &random),
                language: language,
                city: random.pick(language.cities)
            )
        }
    }

    /// The ASCII letters of a name, or `guest` where there are none.
    private static func address(_ given: String, _ family: String, _ index: Int) -> String {
        func ascii(_ name: String) -> String {
            let plain = name.folding(options: .diacriticInsensitive, locale: nil).lowercased()
            return String(decoding: plain.utf8.filter { (0x61...0x7A).contains($0) }, as: UTF8.self)
        }
        let parts = [ascii(given), ascii(family)].filter { !$0.isEmpty }
        return (parts.isEmpty ? "guest" : parts.joined(separator: ".")) + "\(index % 97)"
    }

    /// A number of a range kept free for films and books: NANP 555-01xx, Ofcom 07700 900xxx, Bundesnetzagentur
    /// 0171 39200xx, ARCEP 06 39 98 xx xx, PTS 070-174 06xx.
    private static func phone(_ language: DemoLanguage, _ random: inout DemoRandom) -> String {
        switch language {
        case .english where random.chance(0.5): "+447700900" + random.digits(3)
        case .english, .spanish, .japanese: "+1\(random.pick(["202", "305", "415", "617"]))55501" + random.digits(2)
        case .german: "+4917139200" + random.digits(2)
        case .french: "+33639980" + random.digits(3)
        case .swedish: "+46701740\(random.number(605...699))"
        }
    }
}
