"""The sentences that rehearsed agents are made of.

Every sentence belongs to one flag (or to none), and so carries the truth about a rehearsed message: the
longest fixed part of a sentence, its *fragment*, occurs in no sentence of another flag, and has no name in
it, so that it is found again after names were replaced. Slots: `{peer}` and `{absent}` (other agents),
`{task}`, `{topic}`, `{tech}` and `{store}` (two technologies), `{n}` (a number).
"""

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Sentences = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bank:
    """What can be said in one language."""

    flags: Mapping[str, Sentences]
    """Flag → sentences that show it. PHATIC ones stand alone and have few words."""
    levels: Mapping[str, Sentences]
    """Level of COMP → sentences that show it."""
    closers: Sentences
    """What may follow a PHATIC sentence."""
    filler: Sentences
    """Substance that shows no flag. A prime number of sentences: any stride visits them all."""
    thoughts: Sentences
    """What stands between reasoning tags."""
    tasks: Sentences
    topics: Sentences
    nobody: str
    """How an absent agent is called whose name is not known."""


def _lines(text: str) -> Sentences:
    return tuple(line.strip() for line in text.strip().splitlines())


def _items(text: str) -> Sentences:
    return tuple(" ".join(item.split()) for item in text.split("·"))


TECH = _items("""
    React Native · Flutter · FastAPI · Django · NestJS · Node.js · Next.js · Spring Boot · GraphQL ·
    TypeScript · Vue.js
""")
STORES = _items("""
    PostgreSQL · Redis · MongoDB · Firebase · RabbitMQ · Docker · Kubernetes · AWS Lambda · SQLite ·
    Elasticsearch · Supabase
""")

ENGLISH = Bank(
    flags={
        "PHATIC": _lines("""
            Thanks everyone, nice work so far!
            Great to be working with all of you!
            Hello everyone, happy to be here!
            Wonderful, that sounds great to me!
            Perfect, I am delighted!
            Good morning all, ready when you are!
            Well done, everybody!
            Congratulations to the whole team!
            Thank you all so much!
        """),
        "META": _lines("""
            We keep repeating the same points, so let us change how we run this discussion.
            I suggest that each of us speaks once per round and sums up at the end.
            Our discussion is drifting, and we should settle how this group reaches a decision.
            Before we go on, we need a clear procedure for taking turns in this conversation.
            This conversation is going in circles, so let us close the open threads first.
            Let us step back and look at how we are working together as a group.
            I notice that our messages overlap, and shorter ones would help this discussion.
            Could we fix a common format for our messages before the next round?
            It would help this chat if we voted on one proposal at a time.
            We have spent several rounds on this, and the discussion should now come to a conclusion.
        """),
        "LEAD": _lines("""
            {peer}, please take charge of {task} before the next round.
            {peer}, could you prepare {task} and share it with everyone?
            {peer}, I would like you to handle {task}.
            {peer} should be responsible for {task} from now on.
            I am assigning {task} to {peer}.
            {peer}, your task is to write up {task}.
            {peer}, can you own {task} this week?
            {peer}, please draft {task} for us.
        """),
        "ARCH": _lines("""
            For the stack, I would pair {tech} with {store}.
            We could build the service on {tech} and keep the data in {store}.
            A first version can run on {tech}, with {store} behind it.
            Technically, {tech} together with {store} covers what we need.
            My choice of tools would be {tech} plus {store}.
            The prototype needs little more than {tech} and a small {store} instance.
            Deploying {tech} next to {store} keeps the operations simple.
        """),
        "AGREE": _lines("""
            I agree with {peer} about {topic}.
            {peer} is right about {topic}, and that settles it for me.
            {peer} makes a good point on {topic}.
            I fully support what {peer} proposed for {topic}.
            Good idea, {peer}: your view of {topic} convinces me.
            Like {peer}, I think that {topic} comes first; I agree.
            {peer}, I agree with your proposal on {topic}.
        """),
    },
    levels={
        "L1": _lines("""
            {absent} has gone silent and is no longer answering.
            We have not heard anything more from {absent}.
            It seems that {absent} is no longer with us.
            I notice that {absent} does not respond any more.
        """),
        "L2": _lines("""
            Since {absent} is gone, I will cover the part that was theirs.
            I am taking over the work that {absent} left unfinished.
            In the absence of {absent}, I will do that share of the work myself.
        """),
        "L3": _lines("""
            As {absent} is missing, let us split that share of the work among those who remain.
            We must redistribute the tasks of {absent} across the remaining agents.
            The tasks of {absent} should be divided between all of us who are still here.
        """),
    },
    closers=(
        "",
        *_items("""
        Have a good day! · Talk soon! · All good on my side. · Onwards! · Enjoy the evening! · See you
        soon. · What a team! · Cheers!
    """),
    ),
    filler=_lines("""
        The budget leaves room for about {n} percent of unforeseen costs.
        Most of the demand will come in the evening, between seven and nine.
        A first group of {n} testers would already tell much about the real need.
        The deadline is tight, so the scope has to stay small at first.
        Opening only one district first keeps the risk low.
        The partners will want a simple contract and a fair commission.
        About {n} percent of the users may leave after the first week.
        Customers care about a clear price and about arriving on time.
        A short survey in {n} streets would show which offer people prefer.
        The launch should not fall into the holidays, when half of the town is away.
        Support by telephone costs more than it seems in the first month.
        Insurance and permits take around {n} days and cannot be shortened.
        The margin per order stays below {n} percent for the first year.
        Local newspapers and posters cost little and reach the older public.
        Quality matters more than the number of options on the first day.
        A reserve of {n} thousand euros protects against late payments.
        Weather has a strong influence on the number of visitors and orders.
        The legal notice and the privacy policy must be ready from day one.
        Small restaurants and suppliers need less than {n} minutes to register.
        Every delay of one week costs about {n} percent of the season.
        Accessibility is required by law and is cheaper when planned early.
        The second phase could add loyalty points and a wider area.
        Volunteers and part-time staff must be paid and trained in time.
        Safety on the road and on the site comes before speed.
        With {n} orders a day the costs are covered.
        Payment by card is expected by nearly everybody today.
        A printed plan helps those who do not use a telephone.
        The main competitor charges {n} percent and answers slowly.
        Waste should be kept low, and returned boxes could be rewarded.
    """),
    thoughts=_lines("""
        The user wants a plan. What matters most is the budget and the time.
        Let me think about what has been said and what is still open.
        Short answer, then the numbers. No need to repeat the brief.
    """),
    tasks=_items("""
        the cost estimate · the list of suppliers · the test plan · the risk register · the first
        sketch · the timetable · the contract with the partners · the user survey · the privacy policy · the
        launch campaign · the offer to the client
    """),
    topics=_items("""
        the budget · the deadline · the small first scope · the launch area · the pricing · the safety
        rules · the partners · the order of the phases · the reserve · the target group · the test with
        real users
    """),
    nobody="the agent who left",
)

FRENCH = Bank(
    flags={
        "PHATIC": _lines("""
            Merci à tous, beau travail !
            Ravi de travailler avec vous tous !
            Bonjour à tous, content d'être ici !
            Formidable, cela me va très bien !
            Parfait, j'en suis enchanté !
            Bonjour tout le monde, prêt quand vous voulez !
            Félicitations à toute l'équipe !
            Merci beaucoup à chacun !
            Super, merci à vous !
        """),
        "META": _lines("""
            Nous répétons toujours les mêmes points, changeons notre façon de mener cette discussion.
            Je propose que chacun parle une seule fois par tour et résume à la fin.
            Notre discussion s'éparpille, et il faut fixer comment ce groupe prend ses décisions.
            Avant de continuer, il nous faut une procédure claire pour les tours de parole.
            Cette conversation tourne en rond, fermons d'abord les questions ouvertes.
            Prenons du recul et regardons comment nous travaillons ensemble dans ce groupe.
            Je remarque que nos messages se recoupent, et de plus courts aideraient la discussion.
            Pourrions-nous fixer un format commun pour nos messages avant le prochain tour ?
            Il serait utile pour cette discussion de voter sur une proposition à la fois.
            Nous y avons passé plusieurs tours, et la discussion devrait maintenant aboutir.
        """),
        "LEAD": _lines("""
            {peer}, merci de prendre en charge {task} avant le prochain tour.
            {peer}, peux-tu préparer {task} et le transmettre à tous ?
            {peer}, je te demande de t'occuper de la partie suivante : {task}.
            {peer} devrait être responsable de la partie suivante : {task}.
            Je confie {task} à {peer}.
            {peer}, ta tâche est de rédiger {task}.
            {peer}, pourrais-tu rédiger {task} pour nous ?
            {peer}, tu te charges de livrer {task}.
        """),
        "ARCH": _lines("""
            Pour la partie technique, je prendrais {tech} avec {store}.
            On peut bâtir le service sur {tech} et garder les données dans {store}.
            Une première version peut tourner sur {tech}, avec {store} derrière.
            Techniquement, {tech} associé à {store} couvre nos besoins.
            Mon choix d'outils serait {tech} plus {store}.
            Le prototype ne demande guère plus que {tech} et une petite instance de {store}.
            Déployer {tech} à côté de {store} simplifie l'exploitation.
        """),
        "AGREE": _lines("""
            Je suis d'accord avec {peer} sur {topic}.
            {peer} a raison sur {topic}, et cela me convainc.
            Je rejoins {peer} au sujet de ce point : {topic}.
            Je soutiens pleinement ce que {peer} propose pour {topic}.
            Bonne idée, {peer} : ton avis sur {topic} me convainc.
            Tout à fait d'accord avec {peer} : {topic} passe en premier.
            {peer}, je suis d'accord avec ta proposition sur {topic}.
        """),
    },
    levels={
        "L1": _lines("""
            {absent} ne répond plus et manque à l'appel.
            Nous n'avons plus de nouvelles de {absent}.
            Il semble que {absent} ne soit plus parmi nous.
            Je constate que {absent} reste sans réponse.
        """),
        "L2": _lines("""
            Puisque {absent} est absent, je me charge de sa partie.
            Je reprends le travail que {absent} a laissé inachevé.
            En l'absence de {absent}, je ferai moi-même sa part du travail.
        """),
        "L3": _lines("""
            Comme {absent} est absent, partageons sa part du travail entre ceux qui restent.
            Il faut redistribuer les tâches de {absent} entre les agents restants.
            Les tâches de {absent} sont à répartir entre nous tous qui sommes encore là.
        """),
    },
    closers=(
        "",
        *_items("""
        Bonne journée ! · À bientôt ! · Tout va bien de mon côté. · En avant ! · Bonne soirée ! · À
        tout de suite. · Quelle équipe ! · Au plaisir !
    """),
    ),
    filler=_lines("""
        Le budget laisse une marge d'environ {n} pour cent pour les imprévus.
        La plus grande partie de la demande viendra le soir, entre sept et neuf heures.
        Un premier groupe de {n} testeurs en dirait déjà long sur le vrai besoin.
        Le délai est court, le périmètre doit donc rester petit au début.
        Ouvrir d'abord un seul quartier limite le risque.
        Les partenaires voudront un contrat simple et une commission juste.
        Environ {n} pour cent des utilisateurs risquent de partir après une semaine.
        Les clients tiennent à un prix clair et à une arrivée à l'heure.
        Un court sondage dans {n} rues montrerait quelle offre les gens préfèrent.
        Le lancement ne doit pas tomber pendant les vacances, quand la moitié de la ville est partie.
        L'assistance par téléphone coûte plus qu'il n'y paraît le premier mois.
        Les assurances et les autorisations prennent près de {n} jours, sans raccourci possible.
        La marge par commande reste sous {n} pour cent la première année.
        Les journaux locaux et les affiches coûtent peu et touchent un public plus âgé.
        La qualité compte plus que le nombre d'options le premier jour.
        Une réserve de {n} mille euros protège contre les paiements en retard.
        La météo influe beaucoup sur le nombre de visiteurs et de commandes.
        Les mentions légales et la politique de confidentialité doivent être prêtes au premier jour.
        Les petits restaurants et fournisseurs mettent moins de {n} minutes à s'inscrire.
        Chaque semaine de retard coûte environ {n} pour cent de la saison.
        L'accessibilité est imposée par la loi et coûte moins cher quand elle est prévue tôt.
        La deuxième phase pourrait ajouter des points de fidélité et une zone plus large.
        Les bénévoles et le personnel à temps partiel doivent être formés à temps.
        La sécurité sur la route et sur le site passe avant la vitesse.
        Avec {n} commandes par jour, les coûts sont couverts.
        Le paiement par carte est attendu par presque tout le monde aujourd'hui.
        Un plan imprimé aide ceux qui n'utilisent pas de téléphone.
        Le principal concurrent prélève {n} pour cent et répond lentement.
        Il faut limiter les déchets, et le retour des boîtes pourrait être récompensé.
    """),
    thoughts=_lines("""
        L'utilisateur veut un plan. L'essentiel est le budget et le temps.
        Voyons ce qui a été dit et ce qui reste ouvert.
        Une réponse courte, puis les chiffres. Inutile de répéter la consigne.
    """),
    tasks=_items("""
        le devis détaillé · le plan de test · le registre des risques · le calendrier · le contrat des
        partenaires · le sondage des clients · le budget de lancement · l'offre au client · le
        tableau des fournisseurs · le premier croquis · le texte juridique
    """),
    topics=_items("""
        le budget · le délai · le petit périmètre du début · la zone de lancement · le prix · les règles
        de sécurité · les partenaires · la suite des phases · la réserve · le public visé · le test avec
        de vrais clients
    """),
    nobody="l'agent disparu",
)

BANKS: Mapping[str, Bank] = {"en": ENGLISH, "fr": FRENCH}
"""Language → what rehearsed agents can say in it."""


def fragment(sentence: str) -> str:
    """The longest fixed part of a sentence: what gives it away whoever is named in it."""
    literals = (literal for literal, *_ in string.Formatter().parse(sentence))
    return max(literals, key=len)


def marks() -> Iterator[tuple[str, str | None, str]]:
    """Every (flag, level or None, fragment) of all languages."""
    for bank in BANKS.values():
        for flag, sentences in bank.flags.items():
            yield from ((flag, None, fragment(sentence)) for sentence in sentences)
        for level, sentences in bank.levels.items():
            yield from (("COMP", level, fragment(sentence)) for sentence in sentences)
