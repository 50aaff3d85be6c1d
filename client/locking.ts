/** What locks a screen asks of the accounts, beside `Accounts`. */
export interface PasswordChecker {
  /**
   * Whether a password is the account's: without a server, for an account that has logged in on this machine since it can be.
   *
   * @throws FastChatError `no_account`, `not_logged_in`; `no_server` when only one could tell, and none answers
   */
  checkPassword(credentials: { userId: string; password: string }): Promise<boolean>
}
