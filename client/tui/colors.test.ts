import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { nearestOf16, nearestOf256, sgrOfColors, shadeOf } from './colors.ts'
import { TRUE_COLOR } from './theme.ts'

const test = suite('colors')

test('`sgrOfColors()` writes what a terminal has: all colours, 256, 16 or none', () => {
  const colors = { fg: 0xff8000, bg: 0x102030 }
  assert.is(sgrOfColors(colors, TRUE_COLOR), '\x1b[0;38;2;255;128;0;48;2;16;32;48m')
  assert.is(sgrOfColors(colors, 256), '\x1b[0;38;5;208;48;5;234m')
  assert.is(sgrOfColors(colors, 16), '\x1b[0;91;40m')
  assert.is(sgrOfColors(colors, 0), '\x1b[0m')
  assert.is(sgrOfColors({ fg: 0xff0000 }, TRUE_COLOR), '\x1b[0;38;2;255;0;0m')
})

test('`sgrOfColors()` writes only what differs from the cell before', () => {
  const before = { fg: 0xff0000, bg: 0x0000ff }
  assert.is(sgrOfColors({ fg: 0x00ff00, bg: 0x0000ff }, TRUE_COLOR, before), '\x1b[38;2;0;255;0m')
  assert.is(sgrOfColors({ fg: 0xff0000, bg: 0x000000 }, TRUE_COLOR, before), '\x1b[48;2;0;0;0m')
  assert.is(sgrOfColors({ fg: 0xff0000 }, TRUE_COLOR, before), '\x1b[49m')
  assert.is(sgrOfColors({ fg: 0xff0001, bg: 0x0000ff }, 256, before), '')
  assert.is(sgrOfColors({ fg: 0, bg: 0 }, 0, before), '')
})

test('`nearestOf256()` finds each colour of the cube and each grey', () => {
  const steps = [0, 95, 135, 175, 215, 255]
  steps.forEach((red, r) => {
    steps.forEach((green, g) => {
      steps.forEach((blue, b) => {
        const found = nearestOf256((red << 16) | (green << 8) | blue)
        assert.is(found, 16 + 36 * r + 6 * g + b)
      })
    })
  })
  for (let grey = 0; grey < 24; grey++) {
    const level = 8 + 10 * grey
    if (steps.includes(level)) continue
    assert.is(nearestOf256((level << 16) | (level << 8) | level), 232 + grey)
  }
  assert.is(nearestOf256(0xfe0203), 196)
})

test('`nearestOf16()` knows the plain colours, and takes a dull one rather for a colour than for a grey', () => {
  assert.is(nearestOf16(0x000000), 0)
  assert.is(nearestOf16(0xffffff), 15)
  assert.is(nearestOf16(0xcd0000), 1)
  assert.is(nearestOf16(0xff1010), 9)
  assert.is(nearestOf16(0x10b010), 2)
  assert.is(nearestOf16(0x808080), 8)
  assert.ok([4, 12].includes(nearestOf16(0x2f6d8f)))
  assert.ok([3, 11].includes(nearestOf16(0xd0a050)))
})

test('`shadeOf()` tells light from dark, and a light half from a dark one', () => {
  const shades = [0, 0x40, 0x80, 0xc0, 0xff].map(level =>
    shadeOf({ fg: level * 0x10101, bg: level * 0x10101 }),
  )
  assert.is(shades.join(''), ' ░▒▓█')
  assert.is(shadeOf({ fg: 0xffffff, bg: 0 }), '▀')
  assert.is(shadeOf({ fg: 0, bg: 0xffffff }), '▄')
  assert.is(shadeOf({ fg: 0xffffff }), '▀')
})

test.run()
