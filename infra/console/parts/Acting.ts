/** Whether the person may act: parts ask, the shell knows. */
import { createContext, useContext } from "react"

export const Acting = createContext(false)

export const useIsOperator = (): boolean => useContext(Acting)
