import type * as v from 'valibot'
import { FastChatError } from '../../schema/errors.ts'
import {
  AddDeviceResponse,
  type ChangePasswordRequest,
  ChangePasswordResponse,
  type ClaimPrekeysRequest,
  ClaimPrekeysResponse,
  type CreateAccountRequest,
  CreateAccountResponse,
  type DeviceRegistration,
  GroupHeadResponse,
  type LabelDeviceRequest,
  LabelDeviceResponse,
  LoginChallenge,
  LoginResponse,
  type ManyDevicesRequest,
  ManyDevicesResponse,
  OwnDevicesResponse,
  type RecoveryRequest,
  RecoveryResponse,
  RevokeDeviceResponse,
  type RosterEventRequest,
  RosterEventsResponse,
  ServersResponse,
  TokenResponse,
  type UploadPrekeysRequest,
  UploadPrekeysResponse,
  UserDevicesResponse,
} from '../../schema/http.ts'
import type { DeviceId, GroupId, UserId } from '../../schema/ids.ts'
import { parseJson } from '../../schema/parse.ts'
import { jsonOrNothing, readBounded } from './answer.ts'
import { type BlobApi, createBlobApi } from './blob-api.ts'
import { type Clock, systemClock } from './clock.ts'
import { remoteError } from './remote-error.ts'
import { httpUrl } from './urls.ts'

/**
 * The routes of one server. Every method throws FastChatError: a code of the server's, or `unavailable` when it cannot be
 * reached, does not answer in time, or answers with something else than the protocol says.
 */
export interface Api {
  readonly url: string
  /** The routes of attachments, whose bodies are streams. */
  readonly blobs: BlobApi
  servers(): Promise<ServersResponse>
  createAccount(request: CreateAccountRequest): Promise<CreateAccountResponse>
  challenge(request: { userId: UserId }): Promise<LoginChallenge>
  logIn(request: { userId: UserId; authKey: string }): Promise<LoginResponse>
  recover(request: RecoveryRequest): Promise<RecoveryResponse>
  changePassword(request: ChangePasswordRequest): Promise<ChangePasswordResponse>
  addDevice(request: DeviceRegistration): Promise<AddDeviceResponse>
  token(request: { assertion: string }): Promise<TokenResponse>
  userDevices(request: { userId: UserId; token: string }): Promise<UserDevicesResponse>
  ownDevices(request: { token: string }): Promise<OwnDevicesResponse>
  revokeDevice(request: { deviceId: DeviceId; token: string }): Promise<RevokeDeviceResponse>
  uploadPrekeys(request: UploadPrekeysRequest & { token: string }): Promise<UploadPrekeysResponse>
  claimPrekeys(request: ClaimPrekeysRequest & { token: string }): Promise<ClaimPrekeysResponse>
  manyDevices(request: ManyDevicesRequest & { token: string }): Promise<ManyDevicesResponse>
  labelDevice(
    request: LabelDeviceRequest & { deviceId: DeviceId; token: string },
  ): Promise<LabelDeviceResponse>
  createGroup(request: RosterEventRequest & { token: string }): Promise<GroupHeadResponse>
  addRosterEvent(request: RosterEventRequest & { group: GroupId; token: string }): Promise<GroupHeadResponse>
  /** @param request `from`: the epoch of the first event that is asked for */
  rosterEvents(request: { group: GroupId; from: number; token: string }): Promise<RosterEventsResponse>
}

export interface ApiOptions {
  /** How long one request may take. Default 10,000. */
  timeoutMs?: number
  /** The longest answer that is read: a claim for 2,000 devices is 2 MB, 200 roster events 5 MB. Default 8 MiB. */
  maxAnswerBytes?: number
  /** Of the routes of attachments. Default: the machine's. */
  clock?: Clock
}

interface Call<S> {
  path: string
  answer: S
  /** Default: POST with a body, GET without. */
  method?: 'DELETE' | 'PUT'
  body?: unknown
  token?: string
}

/** @param url a server's address, normalised */
export function createApi(
  url: string,
  { timeoutMs = 10_000, maxAnswerBytes = 8 * 1024 * 1024, clock = systemClock }: ApiOptions = {},
): Api {
  async function ask<const S extends v.GenericSchema>(call: Call<S>): Promise<v.InferOutput<S>> {
    const { status, text } = await exchange(call)
    const what = `answer of ${call.path}`
    if (status < 200 || status > 299) throw remoteError(status, jsonOrNothing(text))
    return parseJson(call.answer, text, { what, code: 'unavailable' })
  }

  async function exchange(call: Call<unknown>): Promise<{ status: number; text: string }> {
    const { path, body, token, method = body === undefined ? 'GET' : 'POST' } = call
    try {
      const response = await fetch(httpUrl(url, path), {
        method,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        // A redirect could carry the token to somebody else.
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      return { status: response.status, text: await readBounded(response, maxAnswerBytes) }
    } catch (error) {
      if (error instanceof FastChatError) throw error
      const state = isTimeout(error) ? 'it did not answer in time' : 'it cannot be reached'
      throw new FastChatError('unavailable', `Cannot use server ${url}: ${state}`, { cause: error })
    }
  }

  return {
    url,
    blobs: createBlobApi(url, { clock }),
    servers: () => ask({ path: '/v1/servers', answer: ServersResponse }),
    createAccount: body => ask({ path: '/v1/accounts', body, answer: CreateAccountResponse }),
    challenge: ({ userId }) => ask({ path: '/v1/login', body: { userId }, answer: LoginChallenge }),
    logIn: body => ask({ path: '/v1/login', body, answer: LoginResponse }),
    recover: body => ask({ path: '/v1/recovery', body, answer: RecoveryResponse }),
    changePassword: body =>
      ask({ path: '/v1/password', method: 'PUT', body, answer: ChangePasswordResponse }),
    addDevice: body => ask({ path: '/v1/devices', body, answer: AddDeviceResponse }),
    token: body => ask({ path: '/v1/token', body, answer: TokenResponse }),
    userDevices: ({ userId, token }) =>
      ask({ path: `/v1/users/${encodeURIComponent(userId)}/devices`, token, answer: UserDevicesResponse }),
    ownDevices: ({ token }) => ask({ path: '/v1/devices', token, answer: OwnDevicesResponse }),
    revokeDevice: ({ deviceId, token }) =>
      ask({
        path: `/v1/devices/${encodeURIComponent(deviceId)}`,
        method: 'DELETE',
        token,
        answer: RevokeDeviceResponse,
      }),
    uploadPrekeys: ({ token, ...body }) =>
      ask({ path: '/v1/prekeys', body, token, answer: UploadPrekeysResponse }),
    claimPrekeys: ({ token, ...body }) =>
      ask({ path: '/v1/prekeys/claim', body, token, answer: ClaimPrekeysResponse }),
    manyDevices: ({ token, ...body }) =>
      ask({ path: '/v1/users/devices', body, token, answer: ManyDevicesResponse }),
    labelDevice: ({ token, deviceId, ...body }) =>
      ask({
        path: `/v1/devices/${encodeURIComponent(deviceId)}/label`,
        method: 'PUT',
        body,
        token,
        answer: LabelDeviceResponse,
      }),
    createGroup: ({ token, event }) =>
      ask({ path: '/v1/groups', body: { event }, token, answer: GroupHeadResponse }),
    addRosterEvent: ({ token, group, event }) =>
      ask({ path: `${groupPath(group)}/events`, body: { event }, token, answer: GroupHeadResponse }),
    rosterEvents: ({ token, group, from }) =>
      ask({ path: `${groupPath(group)}/events?from=${from}`, token, answer: RosterEventsResponse }),
  }
}

function groupPath(group: GroupId): string {
  return `/v1/groups/${encodeURIComponent(group)}`
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}
