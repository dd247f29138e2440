"""Texts that are one sentence, and texts that are not."""

ONE = [
    "A lovely place.", "  A lovely place!  ", '"A lovely place."', "“A lovely place.”", "Really?!", "Wait...",
    "Wait…", "Naïve café 日本.", "Great hotel!!!", "(A lovely place.)", "**A lovely place.**", "‘A lovely place.’",
    "A lovely place.)", "It was “good.”", "The room costs $4.50 a night.", "I rate it 4.5 stars!",
    "It is version 1.2.3 of it.", "It costs .5 cents.", "Pay $1,234.56 now.", "Dr. Smith was kind.",
    "Mr. and Mrs. Jones stayed here.", "I met Prof. Miller.", "St. Mary was near.", "We saw J. K. Rowling.",
    "John F. Kennedy slept here.", "The U.S. Army is big.", "I live in the U.S.", "It opened at 9 a.m. on Monday.",
    "It closes at 9 p.m.", "Bring towels, e.g. two of them.", "It has pools, i.e. water.",
    "Rooms, beds, etc. are clean.", "They sell soap, towels, etc.", "It was good vs. bad.", "See Fig. 3 for it.",
    "Room No. 5 was clean.", "Acme Inc. owns it.", "She has a Ph.D. in physics.", "We came on Jan. 5 by train.",
    "Martin Luther King Jr. spoke here.", "Visit www.example.com for more.", "We use Node.js here.",
    "Wait... what was that?", "Well... I think so.", "It was… nice.", '"Really?" she asked.',
    "“It was good!” he said.", "He said “It was good.” and left.", "Great hotel! 😀", "Great hotel. 👍🏽🎉",
    "Great hotel 😀!", "1. The room was clean.", "a) The room was clean.", "这家酒店很好。", "这家酒店真好！",
    "好吗？", "とても良いホテルです。", "「行こう。」と言った。", "होटल बहुत अच्छा है।", "هل هو جيد؟",
    "Это хороший отель.", "¿Es bueno?", "¡Qué bueno!", "Ｇｏｏｄ．", "It's a great place to stay, isn't it?",
    "Es war z.B. gut.", "Es war z. B. gut.", "Das ist d. h. richtig.", "Am 3. Mai war es gut.", "Der 3. Versuch war gut.",
    "Ich wohne in der Hauptstr. 5 in Bonn.", "Hr. Müller kam.", "Frau Dr. med. Müller kam.", "La Sra. López y el Dr. Ruiz.",
    "Mme. Dupont est venue.", "« C'est bon ! » dit-il.", "« C'est bon\u202f! »", "Είναι καλό;", "Είναι καλό.", "좋아요.",
    "It took 5 hr. on foot.", "Это т.е. хорошо.",
    "Great\u00a0place.", "We paid €5.", "Is it at 5?", "No.",
]  # fmt: skip

NOT_ONE = [
    "", ".", "!?", "…", "No stop", "No stop 😀", "One. Two.", "One! Two?", "Two lines\nof text.", "One.\n\nTwo.",
    "Two\u2028lines.", "A sentence. And a half", "It was good. It was bad.", "it was good. it was bad.",
    "Great hotel! would stay again.", "It was good.It was bad.", "Great!Loved it.", "It cost 5. It was good.",
    "I live in the U.S. It is big.", "It closes at 9 p.m. We left.", "They sell soap, etc. It is good.",
    "Dr. Smith was kind. He helped.", "We saw J. K. Rowling. She waved.", "It rates 4.5 stars! Stay here.",
    "It was nice... The room was big.", "Wait… The room was big.", '"It was good." She left.',
    "“It was good.” “It was bad.”", "Great hotel. 😀 Loved it.", "Vitamin C. It helps.", "这家酒店很好。我喜欢。",
    "好吗？好！", "良いです。また来ます。", "होटल अच्छा है। मैं आऊँगा।", "هل هو جيد؟ نعم.", "Хорошо. Плохо.",
    "Er kam am 3. Es war gut.", "It takes 5 hr. It was far.", "C'est bon ! Merci.", "« C'est bon ! » Il part.", "Είναι καλό; Ναι.",
    "Wir kamen um 5 Uhr usw. Es war gut.", "He said \"no\". \"Yes\" she said.", "좋아요. 감사합니다.", "He got 3. She got 4.",
    "¿Bueno? Sí.", "1. One.\n2. Two.", "1. One. 2. Two.", "Good.) Bad.", "Good?? Bad.", "What. A. Place.",
    "The room was clean. And quiet", "我喜欢", "12 345", "Is it? Yes", "Good! 5 stars.", "He is No. The end.",
]  # fmt: skip
