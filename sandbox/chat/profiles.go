package chat

// Profile says which line of Rocket.Chat is played.
type Profile int

const (
	// V8 is 8.8: a bot's headers lift the REST limiter on public routes too, a repeated message
	// _id is answered 200 with the stored message, a visitor never has two open rooms.
	V8 Profile = iota
	// V7 is 7.10: public routes are always limited, a repeated message _id is
	// answered 400, two parallel calls of livechat/room open two rooms, and an
	// agent who left without switching the service off counts as online.
	V7
	// V6 is 6.13: as V7, with the old typing event, and without contacts.
	V6
	// V80 is 8.0: as V8, but two parallel calls of livechat/room open two rooms.
	V80
	// V87 is 8.7: as V8, but a login does not say that it was a success.
	V87
	// V89 is 8.9: as V8, and histories tell the files of a message one by one.
	V89
)

// rcVersions are the profiles' versions: as told, and as numbers.
var rcVersions = map[Profile]struct {
	told         string
	major, minor int
}{V6: {"6.13", 6, 13}, V7: {"7.10", 7, 10}, V80: {"8.0", 8, 0}, V87: {"8.7", 8, 7}, V8: {"8.8", 8, 8}, V89: {"8.9", 8, 9}}

// since tells whether the profile played is of a version or newer.
func (rc *RocketChat) since(major, minor int) bool {
	v := rcVersions[rc.cfg.Profile]
	return v.major > major || v.major == major && v.minor >= minor
}
