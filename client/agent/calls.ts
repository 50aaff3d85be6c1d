import type { Chat } from '../chat.ts'
import type { CallName } from './protocol.ts'

/** What a method of `Chat` is given. */
export type Request<N extends CallName> = Parameters<Chat[N]>[0]

/** Everything that can be asked of a chat, put as one question: for chats that pass it on. */
export abstract class Calls implements Pick<Chat, CallName> {
  protected abstract ask<N extends CallName>(name: N, request: Request<N>): ReturnType<Chat[N]>

  snapshot = () => this.ask('snapshot', undefined)
  history = (request: Request<'history'>) => this.ask('history', request)
  open = (request: Request<'open'>) => this.ask('open', request)
  send = (request: Request<'send'>) => this.ask('send', request)
  sendFile = (request: Request<'sendFile'>) => this.ask('sendFile', request)
  saveFile = (request: Request<'saveFile'>) => this.ask('saveFile', request)
  picture = (request: Request<'picture'>) => this.ask('picture', request)
  edit = (request: Request<'edit'>) => this.ask('edit', request)
  deleteMessage = (request: Request<'deleteMessage'>) => this.ask('deleteMessage', request)
  react = (request: Request<'react'>) => this.ask('react', request)
  typing = (request: Request<'typing'>) => this.ask('typing', request)
  setTimer = (request: Request<'setTimer'>) => this.ask('setTimer', request)
  message = (request: Request<'message'>) => this.ask('message', request)
  search = (request: Request<'search'>) => this.ask('search', request)
  unread = (request: Request<'unread'>) => this.ask('unread', request)
  markRead = (request: Request<'markRead'>) => this.ask('markRead', request)
  mute = (request: Request<'mute'>) => this.ask('mute', request)
  accept = (request: Request<'accept'>) => this.ask('accept', request)
  block = (request: Request<'block'>) => this.ask('block', request)
  verification = (request: Request<'verification'>) => this.ask('verification', request)
  setVerified = (request: Request<'setVerified'>) => this.ask('setVerified', request)
  acceptKey = (request: Request<'acceptKey'>) => this.ask('acceptKey', request)
  createGroup = (request: Request<'createGroup'>) => this.ask('createGroup', request)
  groupInfo = (request: Request<'groupInfo'>) => this.ask('groupInfo', request)
  addMembers = (request: Request<'addMembers'>) => this.ask('addMembers', request)
  removeMembers = (request: Request<'removeMembers'>) => this.ask('removeMembers', request)
  setAdmin = (request: Request<'setAdmin'>) => this.ask('setAdmin', request)
  setTitle = (request: Request<'setTitle'>) => this.ask('setTitle', request)
  leaveGroup = (request: Request<'leaveGroup'>) => this.ask('leaveGroup', request)
  devices = () => this.ask('devices', undefined)
  nameDevice = (request: Request<'nameDevice'>) => this.ask('nameDevice', request)
  revokeDevice = (request: Request<'revokeDevice'>) => this.ask('revokeDevice', request)
  shareHistory = (request: Request<'shareHistory'>) => this.ask('shareHistory', request)
  answerHistory = (request: Request<'answerHistory'>) => this.ask('answerHistory', request)
  setSettings = (request: Request<'setSettings'>) => this.ask('setSettings', request)
  logOut = () => this.ask('logOut', undefined)
}

/** Asks a chat what `callParams` has let through, or another `Chat` was given: its method of that name takes it. */
export function passOn<N extends CallName>(chat: Chat, name: N, request: Request<N>): ReturnType<Chat[N]> {
  return (chat[name] as (request: Request<N>) => ReturnType<Chat[N]>)(request)
}
