/**
 * Sessions of browsers: `POST /session` turns a token into a cookie, which pages cannot read.
 *
 * Owns the cookie. It is signed with the token's digest, so every node of a system that has the token knows the
 * session, nothing is stored, and a token that is taken from the list ends its sessions.
 */
import { createHmac, timingSafeEqual } from "node:crypto"
import type { Holder, Tokens } from "./Tokens.ts"

/** Name of the cookie. */
export const SESSION_COOKIE = "everstate_session"

/** Life of a session, in seconds. */
export const SESSION_SECONDS = 12 * 60 * 60

const signatureOf = ({ digest }: Holder, content: string): Buffer =>
  createHmac("sha256", digest).update(`everstate session ${content}`).digest()

/** The cookie that begins a session. */
export const sessionCookie = (
  holder: Holder,
  { path, isSecure, nowMs }: { readonly path: string; readonly isSecure: boolean; readonly nowMs: number },
): string => {
  const expires = Math.floor(nowMs / 1_000) + SESSION_SECONDS
  const content = `${Buffer.from(holder.name, "utf8").toString("base64url")}.${expires}`
  const value = `${content}.${signatureOf(holder, content).toString("base64url")}`
  return cookie(value, SESSION_SECONDS, path, isSecure)
}

/** The cookie that ends a session. */
export const endedCookie = (path: string, isSecure: boolean): string => cookie("", 0, path, isSecure)

const cookie = (value: string, seconds: number, path: string, isSecure: boolean): string =>
  `${SESSION_COOKIE}=${value}; Path=${path}; Max-Age=${seconds}; HttpOnly; SameSite=Strict${isSecure ? "; Secure" : ""}`

/** The holder whose session the request's cookie is; `undefined` without one, and for one that is over. */
export const sessionOf = (tokens: Tokens, { headers }: Request, nowMs: number): Holder | undefined => {
  const value = (headers.get("cookie") ?? "")
    .split(";")
    .map((part) => part.trim())
    .find((part) => part.startsWith(`${SESSION_COOKIE}=`))
    ?.slice(SESSION_COOKIE.length + 1)
  const [name, expires, signature] = value?.split(".") ?? []
  if (name === undefined || expires === undefined || signature === undefined) return undefined
  if (!(Number(expires) * 1_000 > nowMs)) return undefined
  const given = Buffer.from(signature, "base64url")
  return tokens.named(Buffer.from(name, "base64url").toString("utf8")).find((holder) => {
    const right = signatureOf(holder, `${name}.${expires}`)
    return given.length === right.length && timingSafeEqual(given, right)
  })
}
