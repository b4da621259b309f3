package chat

// rcRoutes is the table of endpoints: everything but the code behind them.
var rcRoutes = []*rcRoute{
	{method: "GET", path: "info", run: (*RocketChat).restInfo},
	{method: "POST", path: "login", may: []string{"user{}", "username", "email", "password{}", "resume", "code", "hashed"}, run: (*RocketChat).restLogin},
	{method: "POST", path: "logout", login: true, run: (*RocketChat).restLogout},
	{method: "GET", path: "me", login: true, run: (*RocketChat).restMe},
	{method: "GET", path: "settings.public", may: []string{"_id", "count", "offset"}, run: (*RocketChat).restSettings},
	{method: "POST", path: "settings/:_id", login: true, permissions: []string{"edit-privileged-setting"}, need: []string{"value"}, run: (*RocketChat).restSetSetting},
	{method: "GET", path: "commands.list", login: true, may: []string{"count", "offset", "sort"}, run: (*RocketChat).restCommands},

	// what a visitor's widget would call: public, the token is the key
	{method: "GET", path: "livechat/config", may: []string{"token", "department", "businessUnit"}, run: (*RocketChat).restConfig},
	{method: "POST", path: "livechat/visitor", calls: 5, check: true, need: []string{"visitor{}"}, run: (*RocketChat).restRegister},
	{method: "GET", path: "livechat/visitor/:token", run: (*RocketChat).restVisitor},
	{method: "DELETE", path: "livechat/visitor/:token", run: (*RocketChat).restRemoveVisitor},
	{method: "POST", path: "livechat/visitor.status", need: []string{"token", "status"}, run: (*RocketChat).restVisitorStatus},
	{method: "GET", path: "livechat/room", calls: 5, check: true, need: []string{"token"}, may: []string{"rid", "agentId"}, run: (*RocketChat).restRoom},
	{method: "POST", path: "livechat/room.close", need: []string{"rid", "token"}, run: (*RocketChat).restVisitorCloses},
	{method: "POST", path: "livechat/room.survey", need: []string{"rid", "token", "data{}"}, run: (*RocketChat).restSurvey},
	{method: "POST", path: "livechat/message", need: []string{"token", "rid", "msg"}, may: []string{"_id", "agent{}"}, run: (*RocketChat).restMessage},
	{method: "GET", path: "livechat/message/:_id", need: []string{"token", "rid"}, run: (*RocketChat).restGetMessage},
	{method: "PUT", path: "livechat/message/:_id", need: []string{"token", "rid", "msg"}, run: (*RocketChat).restPutMessage},
	{method: "DELETE", path: "livechat/message/:_id", need: []string{"token", "rid"}, run: (*RocketChat).restDeleteMessage},
	{method: "POST", path: "livechat/upload/:rid", upload: true, run: (*RocketChat).restUpload},
	{
		method: "GET", path: "livechat/messages.history/:rid",
		may: []string{"token", "end", "limit", "offset", "ls", "count", "sort", "searchText"}, run: (*RocketChat).restHistory,
	},

	// omnichannel, logged in
	{
		method: "GET", path: "livechat/rooms", login: true, plain: true, permissions: []string{"view-livechat-rooms", "view-l-room"},
		may: []string{
			"agents{}", "departmentId{}", "open", "createdAt", "closedAt", "tags{}", "customFields", "roomName",
			"onhold", "queued", "offset", "count", "sort", "fields",
		},
		run: (*RocketChat).restRooms,
	},
	{method: "GET", path: "livechat/visitor/:token/room", login: true, permissions: []string{"view-livechat-manager"}, run: (*RocketChat).restVisitorRooms},
	{method: "GET", path: "livechat/inquiries.getOne", login: true, permissions: []string{"view-l-room"}, need: []string{"roomId"}, run: (*RocketChat).restInquiry},
	{
		method: "POST", path: "livechat/room.closeByUser", login: true, permissions: []string{"close-livechat-room"},
		need: []string{"rid"}, may: []string{"comment", "tags{}", "generateTranscriptPdf", "transcriptEmail{}", "forceClose"},
		run: (*RocketChat).restCloseByUser,
	},
	{
		method: "POST", path: "livechat/room.saveInfo", login: true, plain: true, permissions: []string{"view-l-room"},
		need: []string{"roomData{}", "guestData{}"}, run: (*RocketChat).restSaveInfo,
	},
	{
		method: "GET", path: "livechat/department", login: true, permissions: []string{"view-livechat-departments", "view-l-room"},
		may: []string{"enabled", "count", "offset", "sort", "text", "onlyMyDepartments", "excludeDepartmentId", "showArchived"},
		run: (*RocketChat).restDepartments,
	},
	{
		method: "GET", path: "livechat/department/:_id", login: true, permissions: []string{"view-livechat-departments", "view-l-room"},
		may: []string{"includeAgents", "onlyMyDepartments"}, run: (*RocketChat).restDepartment,
	},
	{
		method: "GET", path: "livechat/users/agent", login: true, plain: true, permissions: []string{"transfer-livechat-guest", "edit-omnichannel-contact"},
		may: []string{"onlyAvailable", "excludeId", "showIdleAgents", "text", "count", "offset", "sort"}, run: (*RocketChat).restAgents,
	},
	{
		method: "GET", path: "livechat/users/manager", login: true, plain: true, permissions: []string{"view-livechat-manager"},
		may: []string{"text", "count", "offset", "sort"}, run: (*RocketChat).restManagers,
	},
	{method: "GET", path: "livechat/users/agent/:_id", login: true, permissions: []string{"view-livechat-manager"}, run: (*RocketChat).restAgent},
	{method: "GET", path: "livechat/users/manager/:_id", login: true, permissions: []string{"view-livechat-manager"}, run: (*RocketChat).restManager},

	{method: "GET", path: "livechat/users/:type", login: true, permissions: []string{"view-livechat-manager"}, run: (*RocketChat).restUserType},

	// what any user or bot does
	{method: "GET", path: "chat.syncMessages", login: true, need: []string{"roomId"}, may: []string{"lastUpdate", "fromTs", "next", "previous", "type", "count"}, run: (*RocketChat).restSync},
	{method: "GET", path: "chat.getMessage", login: true, need: []string{"msgId"}, run: (*RocketChat).restChatMessage},
	{method: "POST", path: "chat.sendMessage", login: true, second: true, need: []string{"message{}"}, may: []string{"previewUrls{}"}, run: (*RocketChat).restSend},
	{
		method: "POST", path: "chat.postMessage", login: true,
		may: []string{"channel{}", "roomId{}", "text", "alias", "emoji", "avatar", "attachments{}", "tmid", "customFields{}", "parseUrls"},
		run: (*RocketChat).restPost,
	},
	{method: "POST", path: "chat.update", login: true, need: []string{"roomId", "msgId", "text"}, may: []string{"previewUrls{}", "customFields{}"}, run: (*RocketChat).restUpdate},
	{method: "POST", path: "chat.delete", login: true, need: []string{"roomId", "msgId"}, may: []string{"asUser"}, run: (*RocketChat).restDelete},
	{method: "POST", path: "chat.react", login: true, need: []string{"messageId"}, may: []string{"emoji", "reaction", "shouldReact"}, run: (*RocketChat).restReact},

	{method: "POST", path: "im.create", login: true, permissions: []string{"create-d"}, may: []string{"username", "usernames", "excludeSelf"}, run: (*RocketChat).restDirect},
	{method: "POST", path: "channels.create", login: true, permissions: []string{"create-c"}, need: []string{"name"}, may: rcCreateKeys, run: (*RocketChat).restCreateChannel},
	{method: "POST", path: "groups.create", login: true, permissions: []string{"create-p"}, need: []string{"name"}, may: rcCreateKeys, run: (*RocketChat).restCreateGroup},
	{method: "POST", path: "groups.invite", login: true, need: []string{"roomId"}, may: []string{"userId", "userIds{}", "username", "usernames{}"}, run: (*RocketChat).restInvite},
	{method: "POST", path: "groups.kick", login: true, need: []string{"roomId"}, may: []string{"userId", "username"}, run: (*RocketChat).restKick},
	{method: "GET", path: "groups.members", login: true, may: []string{"roomId", "roomName", "count", "offset", "sort", "filter"}, run: (*RocketChat).restMembers},
	{method: "POST", path: "groups.setTopic", login: true, need: []string{"topic"}, may: []string{"roomId", "roomName"}, run: (*RocketChat).restTopic},
	{method: "GET", path: "rooms.get", login: true, may: []string{"updatedSince"}, run: (*RocketChat).restRoomList},
	{method: "GET", path: "rooms.info", login: true, may: []string{"roomId", "roomName"}, run: (*RocketChat).restRoomInfo},

	// what administrators do
	{method: "POST", path: "users.create", login: true, permissions: []string{"create-user"}, need: []string{"name", "username", "email", "password"}, may: rcUserKeys, run: (*RocketChat).restCreateUser},
	{method: "POST", path: "users.delete", login: true, permissions: []string{"delete-user"}, need: []string{"userId"}, may: []string{"confirmRelinquish"}, run: (*RocketChat).restDeleteUser},
	{method: "POST", path: "livechat/users/agent", login: true, permissions: []string{"manage-livechat-agents"}, need: []string{"username"}, run: (*RocketChat).restMakeAgent},
	{method: "POST", path: "livechat/agent.status", login: true, permissions: []string{"view-l-room"}, may: []string{"status", "agentId"}, run: (*RocketChat).restAgentStatus},
	{method: "POST", path: "livechat/department", login: true, permissions: []string{"manage-livechat-departments"}, need: []string{"department{}"}, may: []string{"agents{}"}, run: (*RocketChat).restMakeDepartment},
	{method: "DELETE", path: "livechat/department/:_id", login: true, permissions: []string{"manage-livechat-departments"}, run: (*RocketChat).restRemoveDepartment},
	{method: "POST", path: "groups.delete", login: true, need: []string{"roomId"}, run: (*RocketChat).restDeleteRoom},
	{method: "POST", path: "channels.delete", login: true, need: []string{"roomId"}, run: (*RocketChat).restDeleteRoom},
	{method: "GET", path: "users.info", login: true, may: []string{"userId", "username", "fields"}, run: (*RocketChat).restUserInfo},
}

// rcFileRoute is where files are downloaded; it lives outside of the API.
var rcFileRoute = &rcRoute{method: "GET", path: "file-upload/:id/:name"}

// rcAvatarRoute is where users' pictures are (not in the sheet; by what clients do).
var rcAvatarRoute = &rcRoute{method: "GET", path: "avatar/:username"}

var rcCreateKeys = []string{"members{}", "readOnly", "excludeSelf", "extraData{}", "customFields{}"}

var rcUserKeys = []string{"roles{}", "verified", "joinDefaultChannels", "sendWelcomeEmail", "requirePasswordChange", "active"}
