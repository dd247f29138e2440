"""Writes prompts.jsonl from the subjects below; every third of the first is held out, the last are sealed.

python data/tasks/positive_reviews/make.py
"""

import json
from pathlib import Path

SUBJECTS = """
an electric kettle; a lakeside campsite; a jazz record; a village bakery; a bicycle lamp; a family dentist; a detective
novel; a hotel pool; a garden hose; a night train; a pair of hiking boots; a science museum; a sushi bar; a desk chair;
a language course; a rain jacket; a board game; a photo printer; a beach umbrella; a pottery workshop; a coffee grinder;
a moving company; a history podcast; a vegetable market; a wool blanket; a ferry crossing; a chess app; a hair salon;
a cordless drill; a mountain hut; a children's theatre; a frying pan; a tax adviser; a running watch; a wedding band;
a bookshop café; a tent; a flower delivery; a documentary about whales; a yoga studio; a pocket knife; a car wash;
a cheese counter; a noise-cancelling headset; a walking tour; a cookbook; a plumber; an ice rink; a fountain pen; a taxi
driver; a botanical garden; a baby stroller; a pizza oven; a driving school; a travel adapter; a choir concert; a shoe
repair shop; a mystery film; a steam iron; a climbing hall; a dog groomer; a window cleaner; a ramen restaurant; a
crossword magazine; an alarm clock; a guesthouse breakfast; a sewing machine; a public library; a bluetooth speaker; a
farm visit; a swimming coach; a chocolate shop; a suitcase; an art gallery; a lawn mower; a poetry collection; a ski
lesson; a phone case; an airport lounge; a barber; a juice bar; a puzzle with a thousand pieces; a veterinarian; a
harbour cruise; a toaster; an opera evening; a bus pass; a kitchen knife; a piano teacher; a canoe rental; a reading
lamp; an Indian takeaway; a gym membership; a wallpaper shop; an escape room; a rice cooker; a castle ruin; a dance
class; a memory foam pillow; a repair café; a zoo; an office printer; a comedy show; a house painter; a picnic basket; a
folk festival; a water bottle; a spa afternoon; a camera lens; an organic soap; a toy train; a burger stand; a locksmith;
a planetarium; a winter coat; an audiobook; a vacuum cleaner; a tapas bar; a physiotherapist; a sailing trip; a notebook
with dotted pages; a furniture store; a magic show; a wine tasting; a garden shed; a tram line; a stand mixer; an
aquarium; a web hosting plan; a pair of sunglasses; a goat cheese; a fishing rod; a kindergarten; a video doorbell; a
night market; a calligraphy set; a nursing home; a trampoline; a bike repair kit; a salsa party; a sourdough starter; a
streaming service; a glass of lemonade; a tailor; a ghost story; a solar charger; an apple orchard; a hammock; a city
map; a violin; a thermos flask; a ceramic mug; a bowling alley; a spice shop; a train station; an insurance agent; a
snow shovel; a birthday cake; a desert safari; a standing desk; a tea house; a weather app; a surfing lesson; a
hardware store; a rock concert; a bathroom mirror; a kite; a brass quartet; a used car; a honey jar; a meditation
retreat; a gaming mouse; a bed and linen shop; a pumpkin soup; a parking garage; a flute; a herb garden kit; a mobile
phone plan; a cable car; a raincoat for dogs; a watercolour set; a lighthouse; a noodle stall; a doorman; a cinema seat;
a translation bureau; a wooden ladder; a crime series; an electric scooter; a pancake house; a quilt; a nail file; a
pharmacy; a ceiling fan; a marathon; a gardening glove; a hot air balloon ride; a waffle iron
"""
SEALED = """
a maple syrup; a rowing machine; a puppet show; a tyre shop; a lavender candle; a ski jacket; a podcast studio; a rope
bridge; a blood pressure monitor; a chess club; a jigsaw; a corner bakery oven; a night safari; a drum kit; a shower head; a
ballet school; a hostel dormitory; a beehive tour; a paper planner; a pressure cooker; a glass blower; an optician; a sand
castle contest; a steam train ride; a knitting pattern; a bathrobe; a charcoal grill; an ice cream van; a graphic novel; a
language app; a dry cleaner; a cycling jersey; a mountain guide; a telescope; a wooden spoon; a silent film; a juggling
course; a smoke alarm; a baker's apron; a marble run; a tulip market; a rubber boat
"""
COUNT = 192


def main() -> None:
    subjects, more = ([" ".join(subject.split()) for subject in part.split(";")] for part in (SUBJECTS, SEALED))
    if len(subjects) < COUNT:
        raise SystemExit(f"{len(subjects)} subjects, {COUNT} expected")
    rows = [
        {
            "text": f"Write one short review sentence about {subject}.",
            "split": "sealed" if number >= COUNT else "held_out" if number % 3 == 2 else "train",
        }
        for number, subject in enumerate(subjects + more)
    ]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    Path(__file__).with_name("prompts.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
