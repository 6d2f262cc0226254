/** A node of the shop: the order domain, and what operators have trouble with. Every node hosts the same. */
import { MailerFolder } from "../../../infra/reference/mail/MailerFolder.ts"
import { PaymentProviderHttp } from "../../../infra/reference/payments/PaymentProviderHttp.ts"
import { hosted } from "../../../infra/reference/service/Hosted.ts"
import { ActorSystem } from "../../../infra/system/ActorSystem.ts"
import { troubles } from "./Market.ts"

/** Plain data, so that a process of its own can be given it. */
export interface NodeGiven {
  readonly name: string
  readonly nats: string
  readonly postgres: string
  /** Address of the payment provider. */
  readonly provider: string
  /** Folder of the mail. */
  readonly mail: string
}

export const startNode = ({ name, nats, postgres, provider, mail }: NodeGiven): Promise<ActorSystem> => {
  const definitions = hosted({
    flow: "saga",
    provider: new PaymentProviderHttp(provider),
    mailer: new MailerFolder(mail),
  })
  return ActorSystem.start({
    nats,
    postgres,
    node: { name },
    ...definitions,
    actors: [...definitions.actors, ...troubles.actors],
    sagas: [...definitions.sagas, ...troubles.sagas],
    projections: [...definitions.projections, ...troubles.projections],
  })
}
