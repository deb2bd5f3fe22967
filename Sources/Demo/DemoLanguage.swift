/// The languages in which end users write.
enum DemoLanguage: String, Sendable, CaseIterable {
    case english = "en"
    case german = "de"
    case french = "fr"
    case spanish = "es"
    case swedish = "sv"
    case japanese = "ja"

    var givenNames: [String] {
        switch self {
        case .english:
            ["Olivia", "Noah", "Amelia", "Ethan", "Grace", "Liam", "Priya", "Aidan", "Zoe", "Marcus", "Hana"]
        case .german: ["Lena", "Jonas", "Käthe", "Jürgen", "Mia", "Björn", "Sabine", "Emre", "Anke", "Götz", "Paula"]
        case .french: ["Chloé", "Théo", "Inès", "Hugo", "Zoé", "Léa", "Rémi", "Aïcha", "Noël", "Élodie", "Marc"]
        case .spanish: ["Lucía", "Mateo", "Sofía", "Iván", "Valeria", "Andrés", "Inés", "Joaquín", "Marta", "Raúl"]
        case .swedish: ["Åsa", "Elsa", "Nils", "Freja", "Östen", "Märta", "Oskar", "Alva", "Viggo", "Saga"]
        case .japanese: ["陽菜", "蓮", "さくら", "湊", "結衣", "大翔", "美咲", "悠真", "凛", "樹"]
        }
    }

    var familyNames: [String] {
        switch self {
        case .english:
            ["Ashworth", "Bennett", "O'Dell", "Carver", "Dunmore", "Ellery", "Fairchild", "Haverly", "Patel"]
        case .german: ["Ackermann", "Brüggemann", "Müllner", "Weißhaupt", "Schäfers", "Özkaya", "Lindhorst", "Voß"]
        case .french: ["Lefèvre", "Garnier", "Dubosc", "Moreau-Petit", "Bénard", "Chauvin", "D'Aubigny", "Traoré"]
        case .spanish: ["Ibáñez", "Peñalver", "Quiroga", "Del Río", "Muñoz", "Cárdenas", "Zúñiga", "Ferrer"]
        case .swedish: ["Ångström", "Sjöholm", "Bergqvist", "Nyström", "Ekdahl", "Hägg", "Lundvall", "Rönn"]
        case .japanese: ["佐倉", "高瀬", "宮下", "藤堂", "水野", "黒木", "桜井", "長谷"]
        }
    }

    var cities: [String] {
        switch self {
        case .english: ["Leeds", "Portland", "Perth", "Bristol", "Albany", "Cork", "Dunedin"]
        case .german: ["Köln", "Leipzig", "Münster", "Graz", "Zürich", "Bremen", "Görlitz"]
        case .french: ["Lyon", "Nîmes", "Genève", "Québec", "Besançon", "Liège", "Orléans"]
        case .spanish: ["Málaga", "Córdoba", "Bogotá", "León", "Mérida", "Cádiz", "Oviedo"]
        case .swedish: ["Malmö", "Umeå", "Örebro", "Växjö", "Gävle", "Luleå", "Uppsala"]
        case .japanese: ["札幌", "京都", "福岡", "仙台", "金沢", "長崎", "横浜"]
        }
    }

    /// What people write, in parts between which something of the call is put.
    var sentences: [DemoSentence] {
        switch self {
        case .english: DemoSentence.english
        case .german: DemoSentence.german
        case .french: DemoSentence.french
        case .spanish: DemoSentence.spanish
        case .swedish: DemoSentence.swedish
        case .japanese: DemoSentence.japanese
        }
    }
}

extension DemoLanguage {
    /// What the bots say.
    var botReplies: [String] {
        switch self {
        case .english: Self.englishReplies
        case .german: Self.germanReplies
        case .french: Self.frenchReplies
        case .spanish: Self.spanishReplies
        case .swedish: Self.swedishReplies
        case .japanese: Self.japaneseReplies
        }
    }

    private static let englishReplies = [
        "Hello! How can I help you?", "What's your order number? It begins with #.", "One moment, I'm looking that up.",
        "I've passed this on to my colleagues.", "Is there anything else I can do for you?",
        "Which address shall we use?",
    ]
    private static let germanReplies = [
        "Hallo! Wie kann ich helfen?", "Wie lautet Ihre Bestellnummer?", "Einen Moment, ich sehe nach.",
        "Ich habe das an das Team weitergegeben.", "Kann ich sonst noch etwas für Sie tun?",
    ]
    private static let frenchReplies = [
        "Bonjour ! Comment puis-je vous aider ?", "Quel est votre numéro de commande ?", "Un instant, je vérifie.",
        "J'ai transmis votre demande à l'équipe.", "Puis-je faire autre chose pour vous ?",
    ]
    private static let spanishReplies = [
        "¡Hola! ¿En qué puedo ayudarle?", "¿Cuál es su número de pedido?", "Un momento, lo estoy mirando.",
        "He pasado su mensaje al equipo.", "¿Algo más?",
    ]
    private static let swedishReplies = [
        "Hej! Vad kan jag hjälpa till med?", "Vad är ditt ordernummer?", "Ett ögonblick, jag kollar.",
        "Jag har skickat det vidare till teamet.", "Något mer jag kan göra?",
    ]
    private static let japaneseReplies = [
        "こんにちは。ご用件をお聞かせください。", "注文番号を教えてください。", "確認いたします。少々お待ちください。", "担当者に引き継ぎました。",
    ]
}

/// A sentence with a gap.
struct DemoSentence: Sendable {
    /// What fills the gap.
    enum Gap: Sendable {
        case order, product, city, amount, date, nothing
    }

    var before: String
    var gap: Gap
    var after: String

    init(_ before: String, _ gap: Gap = .nothing, _ after: String = "") {
        self.before = before
        self.gap = gap
        self.after = after
    }
}
