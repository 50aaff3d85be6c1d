import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import { clientFrames, serverFrames } from './frames.ts'
import * as http from './http.ts'

/**
 * Every body that goes over HTTP, by its name in http.ts; responses end in `Response`, `Challenge` or `Body`.
 */
export const httpBodies = {
  CreateAccountRequest: http.CreateAccountRequest,
  CreateAccountResponse: http.CreateAccountResponse,
  LoginRequest: http.LoginRequest,
  LoginChallenge: http.LoginChallenge,
  LoginResponse: http.LoginResponse,
  RecoveryRequest: http.RecoveryRequest,
  RecoveryResponse: http.RecoveryResponse,
  ChangePasswordRequest: http.ChangePasswordRequest,
  ChangePasswordResponse: http.ChangePasswordResponse,
  AddDeviceRequest: http.AddDeviceRequest,
  AddDeviceResponse: http.AddDeviceResponse,
  OwnDevicesResponse: http.OwnDevicesResponse,
  RevokeDeviceResponse: http.RevokeDeviceResponse,
  TokenRequest: http.TokenRequest,
  TokenResponse: http.TokenResponse,
  UserDevicesResponse: http.UserDevicesResponse,
  LabelDeviceRequest: http.LabelDeviceRequest,
  LabelDeviceResponse: http.LabelDeviceResponse,
  ManyDevicesRequest: http.ManyDevicesRequest,
  ManyDevicesResponse: http.ManyDevicesResponse,
  RosterEventRequest: http.RosterEventRequest,
  GroupHeadResponse: http.GroupHeadResponse,
  RosterEventsResponse: http.RosterEventsResponse,
  CreateBlobRequest: http.CreateBlobRequest,
  BlobResponse: http.BlobResponse,
  UploadPrekeysRequest: http.UploadPrekeysRequest,
  UploadPrekeysResponse: http.UploadPrekeysResponse,
  ClaimPrekeysRequest: http.ClaimPrekeysRequest,
  ClaimPrekeysResponse: http.ClaimPrekeysResponse,
  ServersResponse: http.ServersResponse,
  JwksResponse: http.JwksResponse,
  HealthResponse: http.HealthResponse,
  ErrorBody: http.ErrorBody,
} as const

/** Everything that crosses the wire, by `<group>/<name>`: what fixtures/ has a file for. */
export const wireSchemas: Readonly<Record<string, v.GenericSchema>> = {
  ...named('client', clientFrames),
  ...named('server', serverFrames),
  ...named('http', httpBodies),
}

/**
 * The JSON Schema (draft 2020-12) of everything that crosses the wire, for readers and for programs in other languages.
 * It describes what is accepted, so the input side; unknown fields are dropped, not refused.
 */
export function jsonSchemas(): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(wireSchemas).map(([name, schema]) => [
      name,
      toJsonSchema(schema, { target: 'draft-2020-12', typeMode: 'input', errorMode: 'throw' }),
    ]),
  )
}

function named(group: string, schemas: Readonly<Record<string, v.GenericSchema>>) {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [`${group}/${name}`, schema]))
}
