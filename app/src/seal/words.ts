/** The words that a person compares: those of crates/aisudo-seal/src/pairing/words.txt. */
export const WORDS: readonly string[] =
  `  actor album alien amber anchor angle apple arrow atlas autumn bacon badge bagel baker bamboo
  banjo barrel basket beach bench bicycle birch bishop blanket blossom boat bonus border
  bottle branch brick bridge bubble bucket buffalo butter cabin cactus camel candle canyon
  carbon castle cedar cello cherry chess circle citrus clay clock cloud coast cobra coffee
  comet copper coral cotton cradle cricket crown curtain cycle dairy dance delta denim desert
  diamond doctor dolphin donkey dragon drum eagle earth echo elbow elephant emerald engine
  fabric falcon family feather ferry fiddle field finger flame flute forest fossil fountain
  frost galaxy garden ginger giraffe glacier glove golden gorilla grape guitar hammer harbor
  hazel helmet hockey honey horse hotel iceberg igloo iron island ivory jacket jaguar jasmine
  jelly jigsaw jockey juice jungle kangaroo kayak kettle kitchen kiwi knight koala ladder
  lagoon lantern laptop lemon leopard letter lily lizard lobster lunar lynx magnet mango maple
  meadow medal melon meteor mirror monkey mosaic muffin museum napkin nectar needle nickel ninja
  noodle nylon oasis ocean olive onion opera orbit orchid otter oven oyster paddle panda paper
  parrot peach pebble pencil pepper piano pigeon pilot pirate planet pocket polar poppy potato
  prism puddle pumpkin puzzle pyramid quartz queen rabbit radio raven rhino ribbon river robot
  rocket ruby rugby saddle salad sandal satin scarf silver sister soccer spider spoon statue
  sugar sunset table tango tennis thunder ticket tiger timber toast tomato trumpet tulip tunnel
  turtle umbrella valley vanilla velvet violin volcano waffle walnut water weather whale willow
  window wizard wonder yacht yellow yogurt zebra zigzag zipper
`
    .trim()
    .split(/\s+/);
