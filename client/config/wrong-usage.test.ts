import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FastChatError } from '../../schema/errors.ts'
import { parseCommandLine } from './command-line.ts'

const test = suite('wrong command lines')

const ID = '01a20a5c-0101-7abc-8def-0123456789ab'
const NUMBER = '12345'.repeat(12)

const bad: [string, RegExp][] = [
  ['send #o hi', /2 to 32/],
  ['send bob --image a --file b', /one file/],
  ['send bob --image -', /--image takes the path/],
  ['send bob --file=', /--file takes the path/],
  ['send bob --file', /file/],
  ['send bob --reply x hi', /--reply takes the id of a message/],
  ['send --file a', /whom it is for/],
  ['recv --save=', /folder/],
  ['recv --no-requests=1', /no-requests/],
  [`edit ${ID}`, /the new text/],
  ['edit x y', /id of a message/],
  ['edit', /id of a message/],
  [`edit ${ID} one two`, /quotes/],
  [`edit ${ID} x --json`, /--json/],
  ['delete', /an id/],
  ['delete x', /id of a message/],
  [`delete ${ID} ${ID}`, /nothing else/],
  [`react ${ID}`, /one emoji, or --remove/],
  [`react ${ID} 👍 --remove`, /one emoji, or --remove/],
  [`react ${ID} 👍 👍`, /one emoji/],
  ['react x 👍', /id of a message/],
  ['save', /id of a message/],
  [`save ${ID} a b`, /one folder/],
  ['timer bob', /one time/],
  ['timer bob 5m 6m', /one time/],
  ['timer bob soon', /a time is off, or like/],
  ['timer bob 4s', /5s to 365d/],
  ['timer bob 53w', /5s to 365d/],
  ['timer bob 5', /a time is/],
  ['conversations all', /options only/],
  ['conversations --timeout x', /seconds/],
  ['group', /create, add/],
  ['group make ops', /no "make"/],
  ['group create', /takes a group/],
  ['group create o', /2 to 32/],
  ['group create ops -- -x', /2 to 32/],
  ['group create ops --title=', /title is empty/],
  [`group create ops --title ${'ü'.repeat(129)}`, /256 bytes/],
  [`group create ops ${Array.from({ length: 1001 }, (_, n) => `u${n}`).join(' ')}`, /1000 members/],
  ['group add ops', /one person at least/],
  ['group remove ops', /one person at least/],
  ['group add ops bob --title x', /--title is for group create/],
  ['group leave', /takes a group/],
  ['group leave ops bob', /one group/],
  ['group members ops bob', /one group/],
  ['group promote ops', /one person/],
  ['group demote ops bob carol', /one person/],
  ['group title ops', /the title/],
  ['group title ops two words', /quotes/],
  ['group list ops', /options only/],
  ['group list --timeout never', /seconds/],
  ['requests bob', /options only/],
  ['accept', /whom to take in/],
  ['accept a b', /nothing else/],
  ['block', /a user id/],
  ['unblock ../x', /2 to 32/],
  ['verify', /a user id/],
  ['verify bob carol', /a user id/],
  ['verify bob --confirm 123', /60 digits/],
  [`verify bob --confirm ${'1'.repeat(61)}`, /60 digits/],
  [`verify bob --confirm ${'x'.repeat(60)}`, /60 digits/],
  [`verify bob --confirm ${NUMBER} --revoke`, /take one/],
  ['verify bob --qr --revoke', /take one/],
  ['verify bob --qr --json', /leave out --qr/],
  ['trust', /a user id/],
  ['trust bob --no', /--no/],
  ['settings on', /options only/],
  ['settings --typing maybe', /--typing is "on" or "off"/],
  ['settings --read-receipts', /read-receipts/],
  ['devices name', /id of one device/],
  [`devices name ${ID}`, /the name/],
  [`devices name ${ID} my laptop`, /quotes/],
  [`devices name ${ID} ${'ü'.repeat(33)}`, /64 bytes/],
  [`devices share ${ID} ${ID}`, /id of one device/],
  ['devices share', /id of one device/],
  ['devices history all', /"accept", "decline" or nothing/],
  ['devices history accept x', /id of a message/],
  [`devices history accept ${ID} ${ID}`, /one offer/],
  ['sing', /no command "sing"/],
  ['signup', /a user id/],
  ['signup a b', /a user id/],
  ['signup -x', /option/],
  ['signup ../x', /2 to 32/],
  ['send bob', /the text/],
  ['send bob hello world', /quotes/],
  ['send bob hi --wait read', /stored.*delivered/],
  ['send bob hi --timeout soon', /seconds/],
  ['send bob hi --timeout -1', /timeout/],
  ['send bob hi --timeout 1e9', /seconds/],
  ['send bob hi --timeout 99999999', /seconds/],
  ['devices remove x', /revoke ID/],
  ['devices revoke', /id of one device/],
  ['devices revoke bob', /id of one device/],
  ['recv now', /options only/],
  ['recv --count 0', /--count/],
  ['recv --count x', /--count/],
  ['recv --count', /count/],
  ['recv --no-such', /--no-such/],
  ['logout bob', /options only/],
  ['chat --server http://a', /--server/],
  ['chat --as B!', /2 to 32/],
]

for (const [line, message] of bad) {
  test(`\`parseCommandLine()\` throws usage for "${line}"`, () => {
    assert.throws(
      () => parseCommandLine(line.split(' ').filter(Boolean)),
      (error: unknown) =>
        error instanceof FastChatError &&
        error.code === 'usage' &&
        message.test(error.message) &&
        !error.message.includes('\n'),
    )
  })
}

test.run()
