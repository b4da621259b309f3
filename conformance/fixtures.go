package conformance

// fixtures are words for what many facts need first.
var fixtures = map[string][]string{
	"visitor": {
		"let token $new", "let name Vis$token",
		`POST livechat/visitor {"visitor":{"token":"$token","name":"$name","department":"$department"}} => 200 {"visitor":{"_id":"&visitorId","username":"&guest"}}`,
	},
	"visitor2": {
		"let token2 $new",
		`POST livechat/visitor {"visitor":{"token":"$token2","name":"Other","department":"$department"}} => 200 {"visitor":{"_id":"&visitor2Id"}}`,
	},
	"open":    {"visitor", `GET livechat/room?token=$token => 200 {"room":{"_id":"&rid"}}`},
	"open2":   {"visitor2", `GET livechat/room?token=$token2 => 200 {"room":{"_id":"&rid2"}}`},
	"close":   {`POST livechat/room.closeByUser {"rid":"$rid","comment":"done"} => 200`},
	"closed":  {"open", "close"},
	"message": {"open", `POST livechat/message {"token":"$token","rid":"$rid","msg":"hello"} => 200 {"message":{"_id":"&mid"}}`},
	"answer":  {"open", `as agent POST chat.sendMessage {"message":{"rid":"$rid","msg":"answer"}} => 200 {"message":{"_id":"&aid"}}`},
	"mine":    {"ws a as bot", "a sub stream-room-messages __my_messages__"},
	"emptyDepartment": {
		"let emptyName $new",
		`POST livechat/department {"department":{"enabled":true,"name":"$emptyName","email":"$emptyName@example.org","showOnRegistration":false,"showOnOfflineForm":false},"agents":[{"agentId":"$agent2Id","username":"$agent2","count":0,"order":0}]} => 200 {"department":{"_id":"&empty"}}`,
	},
	"nobodyThere": {
		"emptyDepartment", "let token $new",
		`POST livechat/visitor {"visitor":{"token":"$token","department":"$empty"}} => 200`,
	},
	"group": {"let groupName $new", `POST groups.create {"name":"$groupName"} => 200 {"group":{"_id":"&gid"}}`},
	"post":  {"group", `POST chat.sendMessage {"message":{"rid":"$gid","msg":"hello"}} => 200 {"message":{"_id":"&pid"}}`},
	"foreign": {
		"let foreignName $new", `as agent POST groups.create {"name":"$foreignName"} => 200 {"group":{"_id":"&fid"}}`,
		`as agent POST chat.sendMessage {"message":{"rid":"$fid","msg":"secret"}} => 200 {"message":{"_id":"&fmid"}}`,
	},
	"file": {
		"open",
		`UPLOAD livechat/upload/$rid {"visitor":"$token","name":"a.png","type":"image/png","content":"not a png"} => 200 {"_id":"&mid","file":{"_id":"&file"}}`,
	},
}
