extension DemoSentence {
    static let english: [DemoSentence] = [
        DemoSentence("Hi, my order ", .order, " still hasn't arrived and the tracking page says \"delivered\"."),
        DemoSentence("I'd like to return the ", .product, ", it doesn't fit the description."),
        DemoSentence("Could you please move my delivery to ", .date, "?"),
        DemoSentence("I was charged ", .amount, " twice on the same card!"),
        DemoSentence("Do you have the ", .product, " in stock at your shop in another town?"),
        DemoSentence("We moved to ", .city, " last week, please change my address."),
        DemoSentence("Thanks so much, that was quick 😊"),
        DemoSentence("The box was open when it came and a screw was missing."),
        DemoSentence("Where can I find the invoice for ", .order, "? My accountant needs it."),
        DemoSentence("Nobody called me back although I was promised a call on ", .date, "."),
        DemoSentence("I can't log in: the link in the mail says it's no longer valid."),
        DemoSentence("Is ", .amount, " the price with or without shipping to the islands?"),
        DemoSentence("I have been waiting since ", .date, " and nobody answers the phone."),
        DemoSentence("The colour of the ", .product, " is nothing like the photo on your site."),
        DemoSentence("Can I pick up ", .order, " myself, or does it have to be delivered?"),
        DemoSentence("My colleague in ", .city, " got a voucher last month, why didn't I?"),
        DemoSentence("Please cancel everything and refund the ", .amount, " to my account."),
        DemoSentence("The app crashes each time I open the payment page (Android 14)."),
        DemoSentence("How long is the warranty on the ", .product, "?"),
        DemoSentence("A neighbour signed for it, but we don't have a neighbour on this floor."),
    ]

    static let german: [DemoSentence] = [
        DemoSentence("Guten Tag, meine Bestellung ", .order, " ist immer noch nicht da."),
        DemoSentence("Ich möchte ", .product, " zurückgeben, bitte schicken Sie mir ein Etikett."),
        DemoSentence("Können Sie die Lieferung auf den ", .date, " verschieben?"),
        DemoSentence("Mir wurden ", .amount, " doppelt abgebucht!"),
        DemoSentence("Wir sind nach ", .city, " umgezogen, bitte ändern Sie die Adresse."),
        DemoSentence("Die Größe stimmt leider überhaupt nicht."),
        DemoSentence("Vielen Dank für die schnelle Hilfe, das hat wunderbar geklappt."),
        DemoSentence("Wo finde ich die Rechnung zu ", .order, "?"),
        DemoSentence("Ich warte seit dem ", .date, " auf einen Rückruf."),
        DemoSentence("Der ", .product, " macht seit gestern ein merkwürdiges Geräusch."),
        DemoSentence("Bitte stornieren Sie ", .order, " und erstatten Sie mir den Betrag."),
        DemoSentence("Gibt es in ", .city, " eine Filiale, in der ich das abholen kann?"),
        DemoSentence("Auf der Rechnung stehen ", .amount, ", vereinbart war aber weniger."),
        DemoSentence("Der Gutschein lässt sich im Warenkorb nicht einlösen."),
    ]

    static let french: [DemoSentence] = [
        DemoSentence("Bonjour, je n'ai toujours pas reçu ma commande ", .order, "."),
        DemoSentence("J'aimerais renvoyer ", .product, ", il est arrivé abîmé."),
        DemoSentence("Pouvez-vous reporter la livraison au ", .date, " ?"),
        DemoSentence("On m'a débité ", .amount, " deux fois, c'est une erreur."),
        DemoSentence("J'ai déménagé à ", .city, ", merci de changer mon adresse."),
        DemoSentence("Merci beaucoup, c'était très rapide !"),
        DemoSentence("Où puis-je télécharger la facture de ", .order, " ?"),
        DemoSentence("Le code promotionnel n'est pas accepté au moment du paiement."),
        DemoSentence("Le ", .product, " ne s'allume plus depuis hier."),
        DemoSentence("Veuillez annuler ", .order, " et me rembourser."),
        DemoSentence("Avez-vous un point de retrait à ", .city, " ?"),
        DemoSentence("La garantie couvre-t-elle les pièces d'usure ?"),
    ]

    static let spanish: [DemoSentence] = [
        DemoSentence("Hola, mi pedido ", .order, " todavía no ha llegado."),
        DemoSentence("Quiero devolver ", .product, ", no es lo que pedí."),
        DemoSentence("¿Pueden cambiar la entrega al ", .date, "?"),
        DemoSentence("Me cobraron ", .amount, " dos veces."),
        DemoSentence("Ahora vivo en ", .city, ", ¿cómo cambio la dirección?"),
        DemoSentence("¡Muchas gracias por la ayuda!"),
        DemoSentence("No encuentro la factura del pedido ", .order, "."),
        DemoSentence("El niño está enfermo y mañana no podemos ir a la cita."),
        DemoSentence("El ", .product, " llegó con la caja rota."),
        DemoSentence("Quiero cancelar ", .order, " y recibir el dinero."),
        DemoSentence("¿Tienen una tienda en ", .city, "?"),
        DemoSentence("La aplicación se cierra cada vez que intento pagar."),
    ]

    static let swedish: [DemoSentence] = [
        DemoSentence("Hej! Min beställning ", .order, " har inte kommit ännu."),
        DemoSentence("Jag vill lämna tillbaka ", .product, ", den är trasig."),
        DemoSentence("Går det att flytta leveransen till ", .date, "?"),
        DemoSentence("Ni har dragit ", .amount, " två gånger från mitt kort."),
        DemoSentence("Vi har flyttat till ", .city, ", var ändrar jag adressen?"),
        DemoSentence("Tack så mycket för snabb hjälp!"),
        DemoSentence("Var hittar jag kvittot för ", .order, "?"),
        DemoSentence("Hur lång garanti är det på ", .product, "?"),
        DemoSentence("Finns det någon butik i ", .city, " där jag kan hämta paketet?"),
        DemoSentence("Jag vill avboka tiden den ", .date, "."),
    ]

    static let japanese: [DemoSentence] = [
        DemoSentence("注文番号", .order, "の商品がまだ届きません。"),
        DemoSentence("先日購入した", .product, "を返品したいです。"),
        DemoSentence("配達日を", .date, "に変更できますか？"),
        DemoSentence("クレジットカードに", .amount, "が二重に請求されています。"),
        DemoSentence("先週", .city, "に引っ越しました。住所を変更してください。"),
        DemoSentence("迅速なご対応ありがとうございました。"),
        DemoSentence("領収書はどこでダウンロードできますか？"),
        DemoSentence("", .product, "の保証期間を教えてください。"),
        DemoSentence("", .city, "の店舗で受け取ることはできますか？"),
        DemoSentence("", .date, "の予約をキャンセルしたいです。"),
    ]

    static let products = [
        "Trail jacket Föhn", "Desk lamp Lumo 2", "Kettle 1.7 l steel", "Running shoes Vento 41", "USB-C dock 11-in-1",
        "Garden chair Ö, set of 4", "Backpack 28 l olive", "Wool blanket 140×200", "Espresso machine Piccola",
        "Bicycle light set", "Noise-cancelling headphones H3", "Kids' rain boots 29", "Oak shelf 80 cm",
        "Yoga mat 6 mm", "Crème brûlée torch", "Mechanical keyboard ISO", "Ceramic pan 28 cm", "Air purifier S",
        "Rucksack \"Alpin\" 45 l", "Phone case clear", "Board game Café", "Watering can 5 l", "Bathrobe L/XL",
        "Thermos bottle 0.75 l", "Portable speaker Nube",
    ]
}
