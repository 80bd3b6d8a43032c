/**
 * What the server says in English, in French, by its stable code. `{name}` is a value as it came; `{name:wh}` and
 * `{name:coins}` are a contract's millionths, `{name:time}` an instant. What is not here is shown in English.
 */
const refusals = {
  BadOrder: 'l’ordre est mal formé.',
  BadSignature: 'la clé du compteur de {node} n’a pas signé ce relevé.',
  BelowStart:
    'le compteur en service a commencé à {start:wh}, et {register:wh} est plus bas. Inscrivez d’abord un nouveau compteur.',
  CostTooHigh:
    'cela coûte {cost:coins} jetons au prix actuel, plus que les {maxCost:coins} permis. Relevez le prix le plus haut ou choisissez un autre vendeur.',
  DebtElsewhere:
    '{buyer} doit des jetons à {sellers} autre(s) vendeur(s) pour de l’énergie prise sans achat, et n’achète rien de nouveau avant d’avoir payé.',
  ERC1363InvalidSpender: '{spender} ne vend pas par ce moyen.',
  ERC20InsufficientAllowance:
    '{spender} peut prélever {allowance:coins} jetons et il en faut {needed:coins}. Autorisez-en davantage.',
  ERC20InsufficientBalance:
    '{sender} a {balance:coins} jetons et il en faut {needed:coins}. Demandez-en à la trésorerie de la communauté ou à un voisin.',
  ERC20InvalidApprover: 'l’adresse zéro ne peut rien autoriser.',
  ERC20InvalidReceiver: '{receiver} ne peut pas recevoir de jetons.',
  ERC20InvalidSender: '{sender} ne peut pas envoyer de jetons.',
  ERC20InvalidSpender: '{spender} ne peut pas être autorisé à dépenser.',
  EnergyTooLarge: '{energy:wh}, c’est plus que les comptes ne savent compter.',
  EnforcedPause:
    'la bourse est suspendue par son administrateur. Rien n’est perdu : les relevés suivent à la reprise.',
  NoDebt: '{buyer} ne doit rien à {seller}.',
  NoEnergy: 'un achat de 0 Wh. Demandez plus que rien.',
  NoReason: 'une correction demande une raison, que tous peuvent lire.',
  NotABuyer:
    '{account} est inscrit comme producteur ; seuls les consommateurs et les prosommateurs achètent.',
  NotANode: '{account} n’est pas inscrit. Demandez à l’administrateur de l’inscrire.',
  NotAProducer:
    '{account} n’est pas inscrit comme producteur ou prosommateur ; eux seuls ont une production et un prix.',
  NotASeller:
    '{seller} n’est pas inscrit comme producteur ou prosommateur. Corrigez les vendeurs dans les réglages.',
  NotBlank: 'il y a déjà des comptes de {account}.',
  NotEnoughEnergy:
    'il ne reste à {seller} que {available:wh} sur les {requested:wh} demandés. Demandez moins, ou choisissez un autre vendeur.',
  NotSelling: '{seller} ne vend rien à présent. Choisissez un autre vendeur.',
  NotTheCoin: 'seul le jeton de la bourse annonce des autorisations, pas {caller}.',
  OwnEnergy: 'un nœud n’achète pas à lui-même.',
  PurchasedMeanwhile:
    'l’ordre comptait sur {expected:wh} achetés jusque-là, et il y en a {purchased:wh} : un autre ordre de ce compte est passé avant. Un autre programme se sert-il de sa clé ?',
  PriceTooLarge: '{price:coins} jetons le Wh, c’est plus que les comptes ne savent compter.',
  RegisterFell:
    'les comptes en sont à {stored:wh}, {given:wh} ont été relevés, et un index ne fait que monter. Si le compteur a été remplacé, demandez à l’administrateur d’inscrire le nouveau.',
  RegisterTooLarge: '{register:wh}, c’est plus qu’un index ne sait compter.',
  SafeERC20FailedOperation: 'le jeton {token} a refusé le paiement sans dire pourquoi.',
  SignatureNeeded: 'le compteur de {node} a une clé : seuls comptent les relevés qu’il a signés.',
  SpentTooLarge: '{spent:coins} jetons, c’est plus que les comptes ne savent compter entre deux.',
  TakenTooLarge: '{taken:wh} pris à {seller}, c’est plus que les comptes ne savent compter.',
  UnknownOrigin: 'personne n’a jamais produit sous {origin} : rien ne peut en venir.',
  WrongEpoch:
    'le relevé vient du compteur {epoch} de {node}, et c’est le compteur {current} qui est en service.',
  ZeroAddress: 'une adresse qui doit être quelqu’un est zéro.',
  Panic: 'le contrat s’est arrêté à une vérification interne (panic {code}).',
  OutOfGas: 'le gaz n’a pas suffi.',
  Unknown: 'le contrat n’a pas dit pourquoi.',
};

const WATCH = 'Vérifiez qu’il fonctionne et qu’il est joignable.';

export const told: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.entries(refusals).map(([name, why]) => [`chain.refused.${name}`, `Refusé : ${why}`]),
  ),
  // the App
  'app.bad-login': 'Ce mot de passe est faux.',
  'app.too-many': 'Trop de mots de passe faux : réessayez dans {retryAfter} s.',
  'app.no-login': 'Connectez-vous d’abord.',
  'app.csrf': 'Cette demande ne vient pas de la page de l’App : rechargez-la.',
  'app.not-local':
    'Sans mot de passe l’App ne répond qu’à sa propre machine : ouvrez-la par http://127.0.0.1, donnez app.password, ou nommez dans app.hosts un proxy de confiance.',
  'app.starting': 'L’App démarre.',
  'app.bad-request': 'Une valeur n’est pas acceptée : vérifiez ce qui est écrit.',
  'app.failed': 'L’App a échoué ; son journal dit pourquoi.',
  'app.no-key': 'Cette App n’a pas la clé du nœud : utilisez un portefeuille du navigateur.',
  'app.no-agent': 'Cette App n’est pas reliée à l’agent du nœud.',
  'app.not-mined':
    'Aucun bloc ne l’a après {seconds} s. L’ordre est gardé et envoyé jusqu’à ce qu’un bloc l’ait : regardez sous Transactions avant de le répéter.',
  'app.chain-stands':
    'La chaîne répond mais n’a fait aucun bloc depuis {since:time}. Ses validateurs tournent-ils ?',
  'app.no-sample': 'Le moniteur répond mais n’a encore aucune mesure. Son compteur est-il branché ?',
  'app.meter-silent': 'Le moniteur répond mais son compteur se tait depuis {since:time}. Est-il branché ?',
  // settings
  'cli.wish.unknown': 'Ce nœud ne se règle pas ainsi.',
  'cli.wish.percent': 'Il ne peut pas acheter en dessous de {limit} % : donnez 0 à 100.',
  'cli.wish.order':
    'Il ne peut pas revenir à sa source à {resume} % et la quitter en dessous de {limit} % : le premier doit être le plus haut.',
  'cli.wish.nothing': 'Il ne peut pas acheter 0 Wh à la fois : donnez plus que rien.',
  'cli.wishes': 'Le fichier de ce qui a été réglé dans l’App ne se lit pas : réparez-le, ou supprimez-le.',
  // the chain
  'chain.unreachable': 'La chaîne à {url} ne répond pas ({why}). Tourne-t-elle, et est-ce son adresse ?',
  'chain.answer': 'Ce qui répond à {url} ne répond pas comme une chaîne.',
  'chain.rpc': 'La chaîne a refusé {method} : {rpcMessage} ({rpcCode}).',
  'chain.wrong': 'La chaîne à {url} a l’identifiant {found}, pas {asked}.',
  'chain.changed':
    'À {url} répond maintenant une autre chaîne ({found} au lieu de {known}, ou née d’un autre premier bloc). Rien d’elle n’est cru, rien ne lui est envoyé. Relancez l’ancienne à cette adresse, ou corrigez contracts dans les réglages.',
  'chain.address': '« {text} » n’est pas une adresse : il faut 0x et 40 chiffres hexadécimaux.',
  'chain.ether': '{account} ne peut pas payer le gaz de cette chaîne. Envoyez-lui de l’éther.',
  'chain.replaced':
    'L’ordre ne sera jamais dans un bloc : une autre transaction de {account} a pris sa place. La même clé sert-elle ailleurs ?',
  'chain.ledger.stopped': 'L’App s’arrête : ce qui a été envoyé est réglé au prochain démarrage.',
  // monitor and relay
  'monitor.unreachable': `Le moniteur à {url} est injoignable. ${WATCH}`,
  'monitor.refused':
    'Le moniteur à {url} refuse l’identifiant « {login} » : vérifiez node.login et node.password.',
  'monitor.name-refused':
    'Le moniteur ne répond pas au nom dans {url} : donnez son adresse dans node.url, ou ajoutez le nom à monitor.hosts là où il tourne.',
  'monitor.answer': 'Ce qui répond à {url} n’est pas un moniteur. Vérifiez node.url.',
  'monitor.no-such-sensor': 'Le moniteur à {url} n’a pas de capteur {sensorId} : vérifiez node.sensorId.',
  'relay.unreachable': `Le relais à {host}:{port} est injoignable. ${WATCH}`,
  'relay.answer': 'Ce qui répond à {host}:{port} n’est pas un relais DAISEE, ou il n’a pas ces canaux.',
  'relay.login-refused': 'Le relais à {url} refuse l’accès : vérifiez relay.token et les jetons du relais.',
  'relay.name-refused':
    'Le relais ne répond pas au nom dans {url} : donnez son adresse dans relay.url, ou ajoutez le nom à relay.http.hosts là où il tourne.',
  'relay.http-answer': 'Ce qui répond à {url} n’est pas un relais DAISEE, ou il n’a pas ces canaux.',
  'cli.relayNotLooked': 'L’agent n’a pas regardé le relais depuis longtemps. Tourne-t-il ?',
  // the agent
  'agent.away':
    'L’agent de ce nœud ne répond pas : tourne-t-il sur cette machine (« daisee up », « daisee agent ») ?',
  'cli.agent-not-running': 'L’agent de ce nœud ne tourne pas encore, ou plus.',
  'cli.agent-hangs':
    'L’agent tourne (processus {pid}) mais n’a pas regardé depuis {seconds} s, où {usual} s sont l’usage. La machine est-elle surchargée, ou le processus suspendu ?',
  'agent.above-price-cap':
    'Rien ne peut être acheté : chaque vendeur est plus cher que le prix le plus haut.',
  'agent.charge-unknown':
    'L’état de charge est inconnu : rien n’est acheté entretemps. Vérifiez la jauge, ou donnez fuelgauge: false.',
  'agent.ledger-lags':
    'La chaîne que l’agent interroge est en retard. Rien n’est acheté avant qu’elle ait rattrapé.',
  'agent.no-account': 'L’agent n’a pas la clé du compte de ce nœud.',
  'agent.no-purchase': 'Rien ne peut être acheté : aucun vendeur ne convient en ce moment.',
  'agent.no-samples': 'Le moniteur répond mais n’a pas de mesure récente. Le compteur est-il branché ?',
  'agent.not-selling': 'Rien ne peut être acheté : personne ne vend en ce moment.',
  'agent.order-not-obeyed':
    'Le relais a accepté un ordre, et ses contacts montrent autre chose. Vérifiez la carte.',
  'agent.order-refused': 'Le relais a refusé de commuter. Vérifiez qu’il a ces canaux et connaît le câblage.',
  'agent.out-of-coins': 'Rien ne peut être acheté : les jetons manquent. Donnez-lui-en.',
  'agent.over-budget': 'Rien ne peut être acheté : le budget du jour est épuisé.',
  'agent.register-behind':
    'La chaîne compte plus que le fichier de l’agent. Si un autre agent relève pour ce compte, arrêtez l’un des deux ; si le fichier vient d’une vieille copie, mettez-le de côté.',
  'agent.sold-out': 'Rien ne peut être acheté : aucun vendeur n’a assez d’énergie en ce moment.',
  'agent.short-stays':
    'Rien n’est acheté : les vendeurs avaient si peu ces derniers temps que commuter n’en vaut pas la peine. C’est essayé de nouveau plus tard.',
  'agent.measurement-old':
    'La dernière mesure est trop vieille pour acheter sur sa foi. Vérifiez le compteur.',
  'agent.switched-often':
    'Le relais a commuté aussi souvent en une heure qu’il le doit (node.maxSwitches) : le nœud reste sur sa source jusqu’à {until:time}.',
  'agent.debt':
    'Le nœud a consommé plus qu’il n’a acheté, et ne peut pas le payer maintenant. C’est essayé de nouveau ; sous Achats, vous pouvez le régler.',
  'agent.stop-late': 'L’agent n’a pas tout fini avant de s’arrêter ; il le fera au prochain démarrage.',
  'agent.store':
    'Le fichier de l’agent fait défaut : vérifiez son dossier, son propriétaire et la place libre.',
  'agent.store-in-use':
    'Le fichier de l’agent {file} est pris par un autre programme : arrêtez celui-ci. Le fichier est en ordre, laissez-le en place.',
  'agent.store-empty': 'Le fichier de l’agent est vide.',
  'agent.store-damaged': 'Le fichier de l’agent est abîmé. Rétablissez-le d’une sauvegarde.',
};
