/**
 * The notification: an actor per notification id that sends one e-mail, at least once, and mostly exactly once.
 *
 *     new ── sending ── sent, or failed
 *
 * Nobody waits for it: whoever asked goes on, and a mail that cannot be sent is seen in `failed`. The port: Mailer.ts.
 */
import { Schema } from "effect"
import { assign, setup } from "xstate"
import {
  accept,
  type CallArgs,
  type CallError,
  defineActor,
  defineCall,
  defineCommand,
} from "../../runtime/index.ts"
import { type Mail, type Mailer, noMailer } from "./Mailer.ts"
import { letter, type NotificationEvent, notificationEvents } from "./NotificationEvents.ts"

export interface NotificationContext {
  readonly notificationId: string
  /** Kept until it is sent. */
  readonly mail: Mail | null
  /** Why it was not sent. */
  readonly failure: string | null
}

/** Attempts, over about a quarter of an hour, before a mail has failed. */
const ATTEMPTS_MAX = 30

/** The call of the chart, by the name under which it is invoked. */
export const notificationCalls = (mailer: Mailer) => ({
  send: defineCall(
    async ({ input, signal }: CallArgs<Mail>): Promise<null> => {
      await mailer.send(input, signal)
      return null
    },
    { timeoutMs: 20_000, attemptsMax: ATTEMPTS_MAX },
  ),
})

const mailOf = ({ context: { mail } }: { readonly context: NotificationContext }): Mail => {
  if (mail === null) throw new Error("nothing to send")
  return mail
}

const notificationSetup = setup({
  types: {
    context: {} as NotificationContext,
    events: {} as NotificationEvent,
    input: {} as { readonly id: string },
  },
  actors: notificationCalls(noMailer),
})

const requested = {
  target: "sending",
  actions: notificationSetup.assign(({ context, event: { type: _type, ...given } }) => ({
    mail: { messageId: context.notificationId, ...given },
    failure: null,
  })),
} as const

const notificationMachine = notificationSetup.createMachine({
  id: "notification",
  initial: "new",
  context: ({ input }) => ({ notificationId: input.id, mail: null, failure: null }),
  states: {
    new: { on: { NotificationRequested: requested } },
    sending: {
      invoke: {
        id: "send",
        src: "send",
        input: mailOf,
        onDone: { target: "sent", actions: assign({ mail: null }) },
        onError: {
          target: "failed",
          actions: assign({ failure: ({ event }) => (event.error as CallError).message }),
        },
      },
    },
    sent: { type: "final" },
    failed: { on: { NotificationRequested: requested } },
  },
})

const notification = { machine: notificationMachine, events: notificationEvents }

/** Sends the mail. One that is under way or sent is not sent again; one that failed is. */
const Send = defineCommand(
  { type: "Send", ...notification },
  {
    schema: Schema.Struct(letter),
    decide: ({ command: { to, subject, text }, state }) =>
      state.matches("sending") || state.matches("sent")
        ? accept<never>([])
        : { type: "NotificationRequested", to, subject, text },
  },
)

/** The notification as it is hosted: its mail goes to `mailer`. */
export const notificationActor = (mailer: Mailer) =>
  defineActor({
    type: "notification",
    machine: notificationMachine.provide({ actors: notificationCalls(mailer) }),
    events: notificationEvents,
    commands: { Send },
  })

/** The notification as it is addressed and simulated; hosted like this, it sends nothing. */
export const Notification = notificationActor(noMailer)
