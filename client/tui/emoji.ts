/** Emoji that people react with, by the names they know them by; the first eight are offered before anything is typed. */
const TABLE = `
👍 thumbs up yes +1
❤️ heart love
😂 joy laugh tears
😮 wow surprised
😢 sad cry
🙏 thanks please pray
🎉 party tada congratulations
👀 eyes looking
👎 thumbs down no -1
🔥 fire hot
✅ done check
❌ no cross
👏 clap applause
🙂 smile
😀 grin happy
😉 wink
😅 sweat phew
🤣 rofl laugh
😍 love eyes
😘 kiss
🤔 thinking hmm
😐 neutral
🙄 eye roll
😴 sleep tired
😭 sob cry
😡 angry
😱 scream fear
🤯 mind blown
😎 cool sunglasses
🤷 shrug
🤦 facepalm
🙌 hooray hands
💪 strong muscle
🤝 handshake deal
👋 wave hello bye
👌 ok
✌️ peace victory
🤞 fingers crossed luck
🫡 salute
💯 hundred
⭐ star
✨ sparkles
💡 idea bulb
🚀 rocket ship
🐛 bug
🧗 climbing
⛰️ mountain
☀️ sun
🌧️ rain
❄️ snow cold
🌈 rainbow
🍕 pizza
🍺 beer cheers
☕ coffee
🍰 cake birthday
🎂 birthday cake
🎁 gift present
🌹 rose flower
💔 broken heart
💙 blue heart
💚 green heart
⏰ clock late
❓ question
❗ exclamation
`

export interface Emoji {
  emoji: string
  name: string
}

export const emojis: readonly Emoji[] = TABLE.trim()
  .split('\n')
  .map(line => {
    const at = line.indexOf(' ')
    return { emoji: line.slice(0, at), name: line.slice(at + 1) }
  })

const OFFERED = 8

/**
 * What a typed name may mean: those of which a word begins with it, then those that hold it. An emoji that was typed itself is
 * the only one.
 */
export function findEmojis(typed: string): readonly Emoji[] {
  const wanted = typed.trim().toLowerCase()
  if (wanted === '') return emojis.slice(0, OFFERED)
  if (isEmoji(wanted)) return [{ emoji: wanted, name: '' }]
  const begins = ({ name }: Emoji) => name.split(' ').some(word => word.startsWith(wanted))
  return [...emojis.filter(begins), ...emojis.filter(emoji => !begins(emoji) && emoji.name.includes(wanted))]
}

const segmenter = new Intl.Segmenter('und', { granularity: 'grapheme' })

/** One emoji, however many code points it is made of; no digit, which is one only as a keycap. */
function isEmoji(text: string): boolean {
  const [first, ...more] = segmenter.segment(text)
  return (
    first !== undefined &&
    more.length === 0 &&
    /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u.test(text)
  )
}
