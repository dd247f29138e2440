"""Writes prompts.jsonl from the sentences below: labels take turns, every third sentence of a label is held out, and
the last are sealed.

python data/tasks/sentiment_labels/make.py
"""

import json
from pathlib import Path

PROMPT = (
    'Sentence: "{sentence}"\n'
    "Say whether the sentence is positive, negative or neutral, then give one short reason. "
    'Begin with "The sentence is".'
)

POSITIVE = """
The bread was still warm and tasted wonderful.
Our guide was patient, funny and knew every street.
I have never slept so well in a hotel bed.
The new bridge makes my way to work a joy.
What a brilliant performance by the young violinist!
She thanked us with tears of happiness in her eyes.
The repair was quick, cheap and perfectly done.
My daughter loves her swimming teacher.
This jacket keeps me warm even in a snowstorm.
The garden looks lovely after the rain.
He finally passed the exam, and we celebrated all night.
Their customer service solved my problem in a minute.
The soup is rich, fragrant and comforting.
I would recommend this dentist to everyone.
The children laughed from the first scene to the last.
It is the best coffee I have had in years.
The neighbours welcomed us with a delicious cake.
Setting up the printer was surprisingly easy.
We enjoyed every single hour of the boat trip.
The battery lasts for days, which is fantastic.
Her kind words made my whole week better.
The view from the balcony is breathtaking.
I am proud of how well the team played.
The sofa is soft, elegant and worth its price.
Thanks to the medicine, my grandfather feels great again.
The staff remembered my name and smiled every morning.
This recipe never fails and always tastes delicious.
The library's reading room is quiet, bright and beautiful.
I am delighted with the colour of the curtains.
The museum was a wonderful surprise for all of us.
His speech was warm, clever and inspiring.
The bicycle rides smoothly, and I adore it.
Our flight arrived early, and the crew was charming.
The puppy greets me with joy each evening.
I am thrilled that my painting won a prize.
The concert hall has superb sound.
They kept their promise and did an excellent job.
The strawberries were sweet and perfectly ripe.
This app has made learning Spanish great fun.
Everyone agreed that the wedding was magical.
The mechanic was honest and saved me a lot of money.
I feel safe and happy in this town.
The novel is gripping, and its ending is perfect.
Our holiday cottage was spotless and cosy.
The cheese from this farm is outstanding.
My new glasses are light and very comfortable.
The nurse cheered me up when I was anxious.
It was an amazing match with a happy ending.
The lamp gives a pleasant light and looks gorgeous.
We are grateful for such generous friends.
The tailor did a marvellous job on my suit.
The hike was easy and the air was deliciously fresh.
I love how quietly the dishwasher works.
The birthday party was a great success.
"""

NEGATIVE = """
The soup was cold and tasted of soap.
Our train was cancelled again without any warning.
The hotel room was dirty and smelled of smoke.
I regret buying this terrible phone.
The waiter was rude and ignored us for an hour.
My suitcase broke on the very first day.
The film was boring from beginning to end.
He shouted at the children and made them cry.
The new software crashes all the time and ruins my work.
I hate the endless noise from the building site.
The doctor forgot my appointment and did not apologise.
The shoes hurt so badly that I could hardly walk.
What an awful, disappointing dinner!
The repair cost a fortune and solved nothing.
Nobody answered my complaint, which made me furious.
The garden was ruined by the storm.
She was devastated when she lost her job.
The instructions are confusing and full of mistakes.
This is the worst haircut I have ever had.
The milk was sour and made me sick.
They lied to us about the price.
The concert was a painful disappointment.
My neighbour's dog bit me, and I am still afraid.
The bus was filthy and dangerously overcrowded.
The chair collapsed after a week, what rubbish.
I am angry that the parcel arrived broken.
The lake stinks, and dead fish float in it.
The lecture was dull and a waste of time.
The heating failed on the coldest night, and we froze.
The cake was dry, stale and far too expensive.
He cheated in the exam and blamed his friend.
The rain spoiled our picnic, and everyone was miserable.
My tooth hurts terribly since the treatment.
The staff were lazy and unfriendly.
The roof leaks, and the landlord does not care.
It is sad how badly they treat their animals.
The tour was overpriced and badly organised.
I was ashamed of our team's terrible defence.
The keyboard stopped working after two useless days.
The novel is tedious, and its hero is annoying.
The thief stole my grandmother's ring.
This vacuum cleaner is loud, weak and ugly.
The museum was a dreadful bore.
A nasty accident blocked the road for hours.
The fish was undercooked, and I felt ill all night.
The website is slow and impossible to use.
Our holiday was a complete disaster.
The nurse was impatient and hurt my arm.
The paint peels off already, which is a shame.
I am tired of their broken promises.
The coffee tastes bitter and burnt.
The hall was freezing, and the sound was horrible.
Losing the final in the last minute was heartbreaking.
The tap drips all night and drives me mad.
"""

NEUTRAL = """
The library opens at nine on weekdays.
The train to the coast leaves from platform four.
She put the letter on the kitchen table.
The meeting is on the second floor.
This bottle holds one litre of water.
Our street has twelve houses.
The form must be signed on the last page.
He bought two stamps and an envelope.
The river flows from north to south.
The shop sells paper, pens and folders.
My brother works in an office near the station.
The box contains six screws and a key.
The bus stops at the town hall.
Paris is the capital of France.
The lecture lasts ninety minutes.
A new tram line was opened in March.
The bank is closed on Sundays.
The recipe needs three eggs and some flour.
They moved from the first to the third floor.
The film was made in 1987.
The parcel weighs four kilograms.
Water boils at one hundred degrees.
The committee has seven members.
I read the newspaper on the train this morning.
The car is parked behind the school.
The house has a grey door and two windows.
The course begins in October and ends in May.
He wrote the number on a piece of paper.
The office uses black chairs and white desks.
The ferry carries cars and lorries.
The museum is next to the post office.
The clock in the hall shows half past ten.
We took the stairs to the basement.
Tickets are sold at the entrance.
The curtain is made of cotton.
The report has forty pages and an index.
She lives in a village near the border.
The printer is in the room on the left.
The map shows the paths of the forest.
The shelf is two metres wide.
He changed his telephone number last year.
The train has eight carriages.
The lamp stands beside the desk.
The word has five letters.
The school year has two terms.
The farmer grows wheat and barley.
They walked from the hotel to the harbour.
The package was sent on Monday.
The table is eighty centimetres high.
Her uncle is a bus driver in Leeds.
The road turns left after the church.
The key to the cellar hangs by the door.
The form is printed on yellow paper.
The match starts at half past three.
"""

SEALED_POSITIVE = """
I am overjoyed that the lost ring turned up.
The new playground is fantastic for little ones.
Our landlord is generous and always helpful.
The orange juice was fresh and tasted superb.
He gave a brilliant answer that impressed us all.
The campsite was peaceful and wonderfully clean.
My new shoes are comfortable and look great.
The choir sang beautifully, and we loved it.
She is a kind and inspiring boss.
The pizza had a perfect, crispy crust.
I had a marvellous time at the harbour festival.
The heating works perfectly and the flat is cosy.
Their lemon ice cream is simply delicious.
The exhibition was exciting and splendidly arranged.
What a lovely surprise your letter was!
The driver was friendly and very careful.
"""

SEALED_NEGATIVE = """
The pizza was burnt, and nobody apologised.
I am disgusted by the mould in the bathroom.
Our guide was late, bored and impolite.
The speakers crackle horribly and then fail.
She was heartbroken when the dog died.
The campsite was noisy, muddy and full of rubbish.
This umbrella broke in the first gust, a terrible waste.
The exhibition was a dull disappointment.
My boss is unfair and shouts at everyone.
The flat is damp, dark and miserable.
He ruined the evening with his nasty jokes.
The vaccination hurt, and my arm is badly swollen.
The parcel was stolen from our doorstep, which is awful.
I hate how slow and unreliable this bus line is.
The orange juice tasted stale and horrible.
What a dreadful waste of a whole afternoon!
"""

SEALED_NEUTRAL = """
The post office closes at six.
Her office is at the end of the corridor.
The ticket has a number on the back.
The bakery is on the corner of two streets.
A kilometre has a thousand metres.
The blue folder holds last year's bills.
The play has three acts.
He takes the tram to work on Tuesdays.
The garden has a gate on the north side.
The receipt lists five items.
The second lesson starts at ten.
The bridge connects two districts.
My cousin studies law in Geneva.
The cupboard contains plates and cups.
The plane lands at four in the afternoon.
The village has one school and a chapel.
"""

LABELS = {"positive": POSITIVE, "negative": NEGATIVE, "neutral": NEUTRAL}
SEALED = {"positive": SEALED_POSITIVE, "negative": SEALED_NEGATIVE, "neutral": SEALED_NEUTRAL}


def main() -> None:
    rows = []
    for labelled, sealed in ((LABELS, False), (SEALED, True)):
        sentences = {label: text.split("\n")[1:-1] for label, text in labelled.items()}
        rows += [
            {
                "text": PROMPT.format(sentence=sentence),
                "reference": label,
                "split": "sealed" if sealed else "held_out" if number % 3 == 2 else "train",
            }
            for number, same_number in enumerate(zip(*sentences.values(), strict=True))
            for label, sentence in zip(sentences, same_number, strict=True)
        ]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    Path(__file__).with_name("prompts.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
