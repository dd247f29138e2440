"""Writes prompts.jsonl: everyday sentences in English with a French translation each.

python data/tasks/translation_en_fr/make.py
"""

import json
from pathlib import Path

PROMPT = "Translate this sentence into French. Answer with the translation only.\n\n{sentence}"

TRAIN = """
The cat is sleeping on the sofa. = Le chat dort sur le canapé.
Where did you put my keys? = Où as-tu mis mes clés ?
We will visit our grandmother on Sunday. = Nous rendrons visite à notre grand-mère dimanche.
I forgot my umbrella at the office. = J'ai oublié mon parapluie au bureau.
This soup is too salty. = Cette soupe est trop salée.
Can you help me carry this box? = Peux-tu m'aider à porter cette boîte ?
The train leaves at eight o'clock. = Le train part à huit heures.
My brother works in a hospital. = Mon frère travaille dans un hôpital.
It rained all night long. = Il a plu toute la nuit.
They bought a house near the lake. = Ils ont acheté une maison près du lac.
How much does this shirt cost? = Combien coûte cette chemise ?
She speaks three languages very well. = Elle parle très bien trois langues.
The children are playing in the garden. = Les enfants jouent dans le jardin.
I will call you tomorrow morning. = Je t'appellerai demain matin.
Please close the window, I'm cold. = Ferme la fenêtre, s'il te plaît, j'ai froid.
He lost his wallet at the market. = Il a perdu son portefeuille au marché.
Do you like strawberry ice cream? = Aimes-tu la glace à la fraise ?
Our teacher was very patient. = Notre professeur était très patient.
The museum is closed on Mondays. = Le musée est fermé le lundi.
I need a new pair of shoes. = J'ai besoin d'une nouvelle paire de chaussures.
Who broke the blue vase? = Qui a cassé le vase bleu ?
The dog barked at the postman. = Le chien a aboyé après le facteur.
You should drink more water. = Tu devrais boire plus d'eau.
My phone battery is almost dead. = La batterie de mon téléphone est presque vide.
Snow will fall in the mountains tonight. = Il neigera en montagne ce soir.
Her birthday is in July. = Son anniversaire est en juillet.
Why are you laughing so loudly? = Pourquoi ris-tu si fort ?
He washes his car every Saturday. = Il lave sa voiture tous les samedis.
The bread is still warm. = Le pain est encore chaud.
I have never seen the sea. = Je n'ai jamais vu la mer.
Turn left after the bridge. = Tournez à gauche après le pont.
Their baby was born last week. = Leur bébé est né la semaine dernière.
What time does the bakery open? = À quelle heure ouvre la boulangerie ?
The doctor gave me some medicine. = Le médecin m'a donné des médicaments.
We ran out of milk. = Nous n'avons plus de lait.
A bird is singing in the tree. = Un oiseau chante dans l'arbre.
Have you finished your homework? = As-tu fini tes devoirs ?
My neighbour plays the piano every evening. = Mon voisin joue du piano tous les soirs.
The film was long but interesting. = Le film était long mais intéressant.
She will become a famous singer. = Elle deviendra une chanteuse célèbre.
There is a fly in my glass. = Il y a une mouche dans mon verre.
He fell off his bicycle yesterday. = Il est tombé de vélo hier.
Are these apples from your farm? = Ces pommes viennent-elles de votre ferme ?
The kitchen smells like fresh coffee. = La cuisine sent le café frais.
I don't understand this question. = Je ne comprends pas cette question.
Spring is my favourite season. = Le printemps est ma saison préférée.
The police found the stolen painting. = La police a retrouvé le tableau volé.
Could we have the bill, please? = Pourrions-nous avoir l'addition, s'il vous plaît ?
Her hair is long and black. = Ses cheveux sont longs et noirs.
You are going to miss your flight. = Tu vas rater ton vol.
My father cooks better than me. = Mon père cuisine mieux que moi.
The elevator is not working today. = L'ascenseur ne marche pas aujourd'hui.
When did the war end? = Quand la guerre s'est-elle terminée ?
Someone knocked on the door. = Quelqu'un a frappé à la porte.
Our team won the match easily. = Notre équipe a gagné le match facilement.
He always wears a green hat. = Il porte toujours un chapeau vert.
The library has thousands of books. = La bibliothèque possède des milliers de livres.
I will paint my bedroom yellow. = Je peindrai ma chambre en jaune.
Is there a bank around here? = Y a-t-il une banque par ici ?
The students listened without saying a word. = Les étudiants ont écouté sans dire un mot.
Bees make honey in summer. = Les abeilles font du miel en été.
My aunt lives alone in Paris. = Ma tante vit seule à Paris.
Don't touch that, it's hot! = Ne touche pas à ça, c'est chaud !
They got married in a small church. = Ils se sont mariés dans une petite église.
Which road goes to the beach? = Quelle route mène à la plage ?
The farmer has twenty black cows. = Le fermier a vingt vaches noires.
I sent you a letter in March. = Je t'ai envoyé une lettre en mars.
His jokes make everybody smile. = Ses blagues font sourire tout le monde.
The moon is bright this evening. = La lune est brillante ce soir.
Did the plumber repair the sink? = Le plombier a-t-il réparé l'évier ?
We are learning to dance together. = Nous apprenons à danser ensemble.
The old bridge will be destroyed soon. = Le vieux pont sera bientôt détruit.
She cut her finger with a knife. = Elle s'est coupé le doigt avec un couteau.
Fish cannot live without water. = Les poissons ne peuvent pas vivre sans eau.
How was your holiday in Spain? = Comment se sont passées tes vacances en Espagne ?
This exercise seems very difficult. = Cet exercice semble très difficile.
My sister hates getting up early. = Ma sœur déteste se lever tôt.
The waiter brought us the wrong dish. = Le serveur nous a apporté le mauvais plat.
Nobody lives on that island. = Personne ne vit sur cette île.
I'm looking for a quiet hotel. = Je cherche un hôtel calme.
Will you marry me one day? = M'épouseras-tu un jour ?
The storm broke several trees. = La tempête a cassé plusieurs arbres.
He reads the newspaper during breakfast. = Il lit le journal pendant le petit déjeuner.
These flowers need some sunlight. = Ces fleurs ont besoin de lumière du soleil.
We used to swim in this river. = Nous nagions autrefois dans cette rivière.
What is your dog's name? = Comment s'appelle ton chien ?
The price of petrol is rising. = Le prix de l'essence augmente.
I dreamed about a white horse. = J'ai rêvé d'un cheval blanc.
Her office is on the third floor. = Son bureau est au troisième étage.
The thief escaped through the roof. = Le voleur s'est échappé par le toit.
You have a beautiful voice. = Tu as une belle voix.
Can your grandfather still drive? = Ton grand-père peut-il encore conduire ?
The concert will start in ten minutes. = Le concert commencera dans dix minutes.
Pigs are smarter than we think. = Les cochons sont plus intelligents qu'on ne le pense.
He apologized for his mistake. = Il s'est excusé pour son erreur.
My stomach hurts after that meal. = J'ai mal au ventre après ce repas.
The shop sells fruit and vegetables. = Le magasin vend des fruits et des légumes.
Where can I park the van? = Où puis-je garer la camionnette ?
She put too much sugar in her tea. = Elle a mis trop de sucre dans son thé.
Life in the village is peaceful. = La vie au village est paisible.
They will build a school next year. = Ils construiront une école l'année prochaine.
The king had two daughters. = Le roi avait deux filles.
Let's go for a walk after lunch. = Allons nous promener après le déjeuner.
I am afraid of spiders. = J'ai peur des araignées.
Whose coat is on the chair? = À qui est le manteau sur la chaise ?
The light went out all of a sudden. = La lumière s'est éteinte tout à coup.
Both of my cousins study law. = Mes deux cousins étudient le droit.
Our bus was late because of traffic. = Notre bus était en retard à cause de la circulation.
"""

HELD_OUT = """
The clock on the wall has stopped. = L'horloge au mur s'est arrêtée.
Do you believe in ghosts? = Crois-tu aux fantômes ?
My mother grows tomatoes on the balcony. = Ma mère cultive des tomates sur le balcon.
He will be a father in December. = Il sera père en décembre.
We ate pizza in front of the television. = Nous avons mangé une pizza devant la télévision.
Your suitcase weighs too much. = Ta valise pèse trop lourd.
The baker gets up before dawn. = Le boulanger se lève avant l'aube.
Why was the girl crying? = Pourquoi la fille pleurait-elle ?
I prefer cheese to dessert. = Je préfère le fromage au dessert.
A fire destroyed the old factory. = Un incendie a détruit la vieille usine.
The tickets are already sold out. = Les billets sont déjà tous vendus.
She is wearing a red dress tonight. = Elle porte une robe rouge ce soir.
Have they chosen a new president? = Ont-ils choisi un nouveau président ?
The water in the pool is freezing. = L'eau de la piscine est glacée.
I will never forget your kindness. = Je n'oublierai jamais votre gentillesse.
Two men were fishing from a boat. = Deux hommes pêchaient depuis un bateau.
My computer is slower than yours. = Mon ordinateur est plus lent que le tien.
How many stars can you count? = Combien d'étoiles peux-tu compter ?
The nurse smiled at the sick boy. = L'infirmière a souri au garçon malade.
Everyone must pay their taxes. = Tout le monde doit payer ses impôts.
He sold his guitar to a friend. = Il a vendu sa guitare à un ami.
The leaves turn brown in autumn. = Les feuilles brunissent en automne.
Will the guests arrive before noon? = Les invités arriveront-ils avant midi ?
I hurt my knee while skiing. = Je me suis fait mal au genou en skiant.
Her husband snores like a bear. = Son mari ronfle comme un ours.
The street was empty and dark. = La rue était vide et sombre.
This chair is very comfortable. = Cette chaise est très confortable.
Tell me the truth right now. = Dis-moi la vérité tout de suite.
We moved to Canada ten years ago. = Nous avons déménagé au Canada il y a dix ans.
Rice is cheap in this country. = Le riz n'est pas cher dans ce pays.
Are you ready for the exam? = Es-tu prêt pour l'examen ?
The little mouse hid under the bed. = La petite souris s'est cachée sous le lit.
My boss wants to see me. = Mon patron veut me voir.
They are waiting outside the cinema. = Ils attendent devant le cinéma.
The sun will rise at six. = Le soleil se lèvera à six heures.
She wrote a poem about winter. = Elle a écrit un poème sur l'hiver.
Is your uncle a good dentist? = Ton oncle est-il un bon dentiste ?
Nothing is impossible with courage. = Rien n'est impossible avec du courage.
I cleaned the whole bathroom myself. = J'ai nettoyé toute la salle de bains moi-même.
The plane landed without any problem. = L'avion a atterri sans aucun problème.
Wolves hunt in groups at night. = Les loups chassent en groupe la nuit.
Who is going to feed the rabbit? = Qui va nourrir le lapin ?
His answer surprised the whole class. = Sa réponse a surpris toute la classe.
Eggs are in the fridge door. = Les œufs sont dans la porte du réfrigérateur.
You can pay by credit card. = Vous pouvez payer par carte de crédit.
We shall meet again in Rome. = Nous nous reverrons à Rome.
The soldier came home after five months. = Le soldat est rentré chez lui après cinq mois.
What did you learn at school? = Qu'as-tu appris à l'école ?
My glasses are dirty again. = Mes lunettes sont encore sales.
The mayor promised to plant more trees. = Le maire a promis de planter plus d'arbres.
He can't find his left sock. = Il ne trouve pas sa chaussette gauche.
Good friends are hard to replace. = Les bons amis sont difficiles à remplacer.
"""


def main() -> None:
    rows = []
    for split, text in (("train", TRAIN), ("held_out", HELD_OUT)):
        for line in text.strip().split("\n"):
            sentence, translation = line.split(" = ")
            rows.append({"text": PROMPT.format(sentence=sentence), "reference": translation, "split": split})
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    Path(__file__).with_name("prompts.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
